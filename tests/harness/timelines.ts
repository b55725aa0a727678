import type { Sql, Statement } from '../../src/adapters/libsql/sql.ts';
import type { EventType } from '../../src/domain/event.ts';
import { newId } from '../fakes/rows.ts';

/** One of a thousand events is of it. */
export const RARE_TYPE: EventType = 'task.failed';
const TYPES: readonly EventType[] = ['sandbox.started', 'sandbox.stopped', 'task.started', 'app.updated'];
const APPS = 40;
const OTHERS = 100;
const ROWS = 20_000;

export interface Filled {
  /** The owner who has most of the events. */
  readonly owner: string;
  /** One of the owner's apps. */
  readonly appId: string;
  /** Of the owner's events, oldest first. */
  readonly ids: readonly string[];
}

/** Fills a database with events of many owners, nine of ten of them one owner's: as rows, which is faster than as commits. */
export async function fillTimelines(database: Sql, count: number): Promise<Filled> {
  const ids: string[] = [];
  for (let done = 0; done < count; done += ROWS) {
    const rows = Array.from({ length: Math.min(ROWS, count - done) }, (_, index) => rowOf(done + index));
    ids.push(...rows.filter(({ owner }) => owner === 'large').map(({ id }) => id));
    await database.batch([insertOf(rows)]);
  }
  return { owner: 'large', appId: 'app-1', ids };
}

const rowOf = (index: number) => ({
  id: newId(),
  owner: index % 10 === 0 ? `owner-${index % OTHERS}` : 'large',
  type: index % 1000 === 1 ? RARE_TYPE : TYPES[index % TYPES.length],
  app: `app-${index % APPS}`,
  sandbox: `sandbox-${index % (APPS * 10)}`,
  at: index,
});

const insertOf = (rows: readonly ReturnType<typeof rowOf>[]): Statement => ({
  text: `INSERT INTO events (id, owner, type, severity, message, app_id, sandbox_id, payload, created_at)
    SELECT value ->> 'id', value ->> 'owner', value ->> 'type', 'info', 'Something happened to an app or a sandbox.',
      value ->> 'app', value ->> 'sandbox', '{"reason":"user"}', value ->> 'at' FROM json_each(?)`,
  values: [JSON.stringify(rows)],
});
