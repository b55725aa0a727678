import type { Event, EventPayload, EventType } from '../../domain/event.ts';
import type { ChangeOf, EventQuery, EventReads } from '../../domain/store.ts';
import { firstIdAt } from '../../domain/ids.ts';
import { anyBefore, oldestOfEach } from './oldest.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

export interface EventRow {
  id: string;
  owner: string;
  type: Event['type'];
  severity: Event['severity'];
  message: string;
  app_id: string | null;
  sandbox_id: string | null;
  task_id: string | null;
  snapshot_id: string | null;
  payload: string | null;
  created_at: number;
}

/** Of the events that are called `e`. */
export const EVENT_COLUMNS = sql`e.id, e.owner, e.type, e.severity, e.message, e.app_id, e.sandbox_id, e.task_id,
  e.snapshot_id, e.payload, e.created_at`;

export const eventReads = (database: Sql): EventReads => ({
  async list(owner, query) {
    const { types } = query;
    if (types?.length === 0) return [];
    const statement = types === undefined ? page(owner, query) : pageOfTypes(owner, query, types);
    return (await database.read<EventRow>(statement)).map(toEvent);
  },
  async hasBefore(before) {
    const end = firstIdAt(before);
    const [row] = await database.read<{ found: number }>(sql`SELECT EXISTS (${anyBefore(sql`events`, end)})
      OR EXISTS (SELECT 1 FROM audit_entries WHERE id < ${end}) AS found`);
    return row?.found === 1;
  },
});

function page(owner: string, { limit, ...query }: EventQuery): Statement {
  return sql`SELECT ${EVENT_COLUMNS} FROM events AS e ${indexFor(query)}
    WHERE e.owner = ${owner} ${wanted(query)} ORDER BY e.id DESC LIMIT ${limit}`;
}

/**
 * Merged from a page of each type, which is one range of an index: to walk all of a timeline for the few of a rare type
 * would take the longer the more there are.
 */
function pageOfTypes(owner: string, { limit, ...query }: EventQuery, types: readonly EventType[]): Statement {
  const pages = [...new Set(types)].map(
    (type) => sql`SELECT * FROM (
      SELECT ${EVENT_COLUMNS} FROM events AS e ${indexForType(query)}
      WHERE e.owner = ${owner} AND e.type = ${type} ${wanted(query)} ORDER BY e.id DESC LIMIT ${limit})`,
  );
  const all = pages.reduce((some, one) => sql`${some} UNION ALL ${one}`);
  return sql`${all} ORDER BY id DESC LIMIT ${limit}`;
}

type Filters = Pick<EventQuery, 'appId' | 'sandboxId' | 'taskId' | 'before'>;

const wanted = ({ appId, sandboxId, taskId, before }: Filters): Statement => sql`
  ${appId === undefined ? NOTHING : sql`AND e.app_id = ${appId}`}
  ${sandboxId === undefined ? NOTHING : sql`AND e.sandbox_id = ${sandboxId}`}
  ${taskId === undefined ? NOTHING : sql`AND e.task_id = ${taskId}`}
  ${before === undefined ? NOTHING : sql`AND e.id < ${before}`}`;

/** Left to itself the planner likes the table's own order, and walks all of an owner's events for the few of one app. */
function indexFor({ appId, sandboxId, taskId }: Filters): Statement {
  if (taskId !== undefined) return sql`INDEXED BY events_of_task`;
  if (sandboxId !== undefined) return sql`INDEXED BY events_of_sandbox`;
  return appId === undefined ? NOTHING : sql`INDEXED BY events_of_app`;
}

/** A task and a sandbox have few events beside an app and an owner: theirs are not told apart by type. */
function indexForType(filters: Filters): Statement {
  if (filters.taskId !== undefined || filters.sandboxId !== undefined) return indexFor(filters);
  return filters.appId === undefined
    ? sql`INDEXED BY events_of_type`
    : sql`INDEXED BY events_of_app_and_type`;
}

export const toEvent = (row: EventRow): Event => ({
  id: row.id,
  owner: row.owner,
  type: row.type,
  severity: row.severity,
  message: row.message,
  appId: row.app_id ?? undefined,
  sandboxId: row.sandbox_id ?? undefined,
  taskId: row.task_id ?? undefined,
  snapshotId: row.snapshot_id ?? undefined,
  payload: row.payload === null ? undefined : (JSON.parse(row.payload) as EventPayload),
  createdAt: row.created_at,
});

const toJson = (payload: EventPayload | undefined): string | null =>
  payload === undefined ? null : JSON.stringify(payload);

/** Recording the same event again changes nothing, and neither does one more of what happens once. */
export const insertEvent = (event: Event): Statement => sql`
  INSERT INTO events (id, owner, type, severity, message, app_id, sandbox_id, task_id, snapshot_id, payload, created_at)
  VALUES (${event.id}, ${event.owner}, ${event.type}, ${event.severity}, ${event.message},
    ${event.appId ?? null}, ${event.sandboxId ?? null}, ${event.taskId ?? null},
    ${event.snapshotId ?? null}, ${toJson(event.payload)},
    ${event.createdAt})
  ON CONFLICT DO NOTHING`;

/**
 * The event of a report, unless one with its number was applied before. A node speaks for its own sandboxes only,
 * and one that is unknown here leaves no event.
 */
export const insertReport = ({ nodeId, eventId, report }: ChangeOf<'report'>): Statement => sql`
  INSERT INTO events (id, owner, type, severity, message, app_id, sandbox_id, task_id, snapshot_id, payload, created_at)
  SELECT ${eventId}, owner, ${report.type}, ${report.severity}, ${report.message}, app_id, id,
    ${report.taskId ?? null}, ${report.snapshotId ?? null}, ${toJson(report.payload)}, ${report.at}
  FROM sandboxes WHERE id = ${report.sandboxId} AND node_id = ${nodeId}
    AND ${report.seq} > (SELECT acknowledged FROM nodes WHERE id = ${nodeId})
  ON CONFLICT DO NOTHING`;

/** Their deliveries go with them: see the triggers of the schema. */
export const expireEvents = ({ before, limit }: ChangeOf<'history.expire'>): Statement =>
  sql`DELETE FROM events WHERE (owner, id) IN (${oldestOfEach(sql`events`, firstIdAt(before), limit)})`;
