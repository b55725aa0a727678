import type { Event, EventPayload } from '../../domain/event.ts';
import type { Change, EventReads } from '../../domain/store.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface EventRow {
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

export const eventReads = (database: Sql): EventReads => ({
  async list(owner, { appId, sandboxId, taskId, before, limit }) {
    const ofApp = appId === undefined ? NOTHING : sql`AND app_id = ${appId}`;
    const ofSandbox = sandboxId === undefined ? NOTHING : sql`AND sandbox_id = ${sandboxId}`;
    const ofTask = taskId === undefined ? NOTHING : sql`AND task_id = ${taskId}`;
    const older = before === undefined ? NOTHING : sql`AND id < ${before}`;
    const rows = await database.read<EventRow>(sql`
      SELECT id, owner, type, severity, message, app_id, sandbox_id, task_id, snapshot_id, payload, created_at
      FROM ${timeline(appId, sandboxId, taskId)}
      WHERE owner = ${owner} ${ofApp} ${ofSandbox} ${ofTask} ${older} ORDER BY id DESC LIMIT ${limit}`);
    return rows.map(toEvent);
  },
});

/** Left to itself the planner likes the table's own order, and walks all of an owner's events for the few of one app. */
function timeline(appId?: string, sandboxId?: string, taskId?: string): Statement {
  if (taskId !== undefined) return sql`events INDEXED BY events_of_task`;
  if (sandboxId !== undefined) return sql`events INDEXED BY events_of_sandbox`;
  return appId === undefined ? sql`events` : sql`events INDEXED BY events_of_app`;
}

const toEvent = (row: EventRow): Event => ({
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
export const insertReport = ({
  nodeId,
  eventId,
  report,
}: Extract<Change, { kind: 'report' }>): Statement => sql`
  INSERT INTO events (id, owner, type, severity, message, app_id, sandbox_id, task_id, snapshot_id, payload, created_at)
  SELECT ${eventId}, owner, ${report.type}, ${report.severity}, ${report.message}, app_id, id,
    ${report.taskId ?? null}, ${report.snapshotId ?? null}, ${toJson(report.payload)}, ${report.at}
  FROM sandboxes WHERE id = ${report.sandboxId} AND node_id = ${nodeId}
    AND ${report.seq} > (SELECT acknowledged FROM nodes WHERE id = ${nodeId})
  ON CONFLICT DO NOTHING`;
