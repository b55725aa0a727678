import { configContext } from '../../domain/config-item.ts';
import { credentialContext } from '../../domain/credential.ts';
import { idempotencyContext } from '../../domain/idempotency.ts';
import type { ProviderId } from '../../domain/provider.ts';
import { type SealedPlace, type SealedRow, sealPrefix } from '../../domain/sealed.ts';
import type { ChangeOf, SealedReads } from '../../domain/store.ts';
import { webhookContext } from '../../domain/webhook.ts';
import { sql, type Sql, type Statement } from './sql.ts';

/** One column of sealed values: each is found by two parts of its row's key. */
interface Column {
  readonly table: Statement;
  readonly name: Statement;
  readonly keys: readonly [Statement, Statement];
  /** What else of the row the value was sealed for. */
  readonly about: Statement;
  /** Where a place is in this column; undefined for a place in another. */
  position(place: SealedPlace): readonly [string, string] | undefined;
  read(row: FoundRow): Pick<SealedRow, 'place' | 'context'>;
}

interface FoundRow {
  first: string;
  second: string;
  about: string | number;
  sealed: string;
}

const COLUMNS: readonly Column[] = [
  {
    table: sql`config_items`,
    name: sql`sealed`,
    keys: [sql`app_id`, sql`key`],
    about: sql`sensitive`,
    position: (place) => (place.kind === 'config' ? [place.appId, place.key] : undefined),
    read: ({ first: appId, second: key, about }) => ({
      place: { kind: 'config', appId, key },
      context: configContext({ appId, key, sensitive: about === 1 }),
    }),
  },
  {
    table: sql`credentials`,
    name: sql`sealed`,
    keys: [sql`owner`, sql`provider`],
    about: sql`''`,
    position: (place) => (place.kind === 'credential' ? [place.owner, place.provider] : undefined),
    read: ({ first: owner, second }) => {
      const provider = second as ProviderId;
      return { place: { kind: 'credential', owner, provider }, context: credentialContext(owner, provider) };
    },
  },
  idempotencyColumn('answer', sql`sealed_answer`),
  idempotencyColumn('request', sql`sealed_request`),
  {
    table: sql`webhooks`,
    name: sql`sealed`,
    keys: [sql`id`, sql`''`],
    about: sql`owner`,
    position: (place) => (place.kind === 'webhook' ? [place.id, ''] : undefined),
    read: ({ first: id, about }) => ({
      place: { kind: 'webhook', id },
      context: webhookContext({ id, owner: String(about) }),
    }),
  },
];

function idempotencyColumn(part: 'request' | 'answer', name: Statement): Column {
  return {
    table: sql`idempotent_requests`,
    name,
    keys: [sql`owner`, sql`key`],
    about: sql`''`,
    position: (place) =>
      place.kind === 'idempotency' && place.part === part ? [place.owner, place.key] : undefined,
    read: ({ first: owner, second: key }) => ({
      place: { kind: 'idempotency', owner, key, part },
      context: idempotencyContext({ owner, key }, part),
    }),
  };
}

export const sealedReads = (database: Sql): SealedReads => ({
  async others(keyId, limit, after) {
    const found: SealedRow[] = [];
    for (const { column, position } of columnsFrom(after)) {
      if (found.length >= limit) break;
      const rows = await database.read<FoundRow>(pageOf(column, position, keyId, limit - found.length));
      found.push(...rows.map((row) => toSealed(column, row)));
    }
    return found;
  },
});

const toSealed = (column: Column, row: FoundRow): SealedRow => {
  const { place, context } = column.read(row);
  return { place, context, sealed: row.sealed };
};

const START = ['', ''] as const;

/** The column that a page begins in, and where, and those that follow. */
function columnsFrom(after: SealedPlace | undefined) {
  const from = after === undefined ? 0 : COLUMNS.findIndex((column) => column.position(after) !== undefined);
  return COLUMNS.slice(from).map((column) => ({
    column,
    position: (after === undefined ? undefined : column.position(after)) ?? START,
  }));
}

function pageOf(
  { table, name, keys: [first, second], about }: Column,
  [after, afterSecond]: readonly [string, string],
  keyId: string,
  limit: number,
): Statement {
  const prefix = sealPrefix(keyId);
  return sql`
    SELECT ${first} AS first, ${second} AS second, ${about} AS about, ${name} AS sealed FROM ${table}
    WHERE (${first}, ${second}) > (${after}, ${afterSecond}) AND substr(${name}, 1, ${prefix.length}) <> ${prefix}
    ORDER BY ${first}, ${second} LIMIT ${limit}`;
}

export function reseal({ place, was, sealed }: ChangeOf<'reseal'>): Statement {
  const [{ column, position }] = columnsFrom(place) as [ReturnType<typeof columnsFrom>[number]];
  const [first, second] = column.keys;
  return sql`UPDATE ${column.table} SET ${column.name} = ${sealed}
    WHERE ${first} = ${position[0]} AND ${second} = ${position[1]} AND ${column.name} = ${was}`;
}
