import type { Actor, AuditEntry } from '../../domain/audit.ts';
import { firstIdAt } from '../../domain/ids.ts';
import type { AuditReads, ChangeOf } from '../../domain/store.ts';
import { oldestOfEach } from './oldest.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface AuditRow {
  id: string;
  owner: string;
  actor: string;
  action: string;
  target: string;
  status: number;
  request_id: string;
  address: string | null;
  at: number;
}

const COLUMNS = sql`id, owner, actor, action, target, status, request_id, address, at`;

/** Stands for nobody: no owner is called that. */
const NOBODY = '';

export const auditReads = (database: Sql): AuditReads => ({
  async list({ owner, before, limit }) {
    const log =
      owner === undefined
        ? sql`audit_entries WHERE true`
        : sql`audit_entries INDEXED BY audit_entries_of_owner WHERE owner = ${owner}`;
    const older = before === undefined ? NOTHING : sql`AND id < ${before}`;
    const rows = await database.read<AuditRow>(
      sql`SELECT ${COLUMNS} FROM ${log} ${older} ORDER BY id DESC LIMIT ${limit}`,
    );
    return rows.map(toEntry);
  },
});

const toEntry = (row: AuditRow): AuditEntry => ({
  id: row.id,
  owner: row.owner === NOBODY ? undefined : row.owner,
  actor: JSON.parse(row.actor) as Actor,
  action: row.action,
  target: JSON.parse(row.target) as AuditEntry['target'],
  status: row.status,
  requestId: row.request_id,
  address: row.address ?? undefined,
  at: row.at,
});

export const insertAuditEntry = ({ entry }: ChangeOf<'audit'>): Statement => sql`
  INSERT INTO audit_entries (${COLUMNS})
  VALUES (${entry.id}, ${entry.owner ?? NOBODY}, ${JSON.stringify(entry.actor)}, ${entry.action},
    ${JSON.stringify(entry.target)}, ${entry.status}, ${entry.requestId}, ${entry.address ?? null}, ${entry.at})`;

export const expireAudit = ({ before, limit }: ChangeOf<'history.expire'>): Statement => sql`
  DELETE FROM audit_entries WHERE id IN (
    SELECT id FROM (${oldestOfEach(sql`audit_entries`, firstIdAt(before), limit)}))`;
