import type { CaptureOrder } from '../../domain/capture.ts';
import type { SandboxObservation } from '../../domain/node.ts';
import { mayBecome, SANDBOX_STATUSES, type Sandbox, type SandboxStatus } from '../../domain/sandbox.ts';
import type { ChangeOf, SandboxReads } from '../../domain/store.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface SandboxRow {
  id: string;
  owner: string;
  app_id: string | null;
  project_id: string | null;
  project_user_id: string | null;
  node_id: string;
  preset: string | null;
  template: string;
  ports: string;
  from_snapshot_id: string | null;
  replaces: string | null;
  safety: string | null;
  visibility: Sandbox['visibility'];
  idle_policy: Sandbox['idlePolicy'];
  desired: Sandbox['desired'];
  generation: number;
  revision: number;
  status: SandboxStatus;
  paused: number;
  error_message: string | null;
  keepalive_until: number | null;
  last_active_at: number | null;
  active_task_id: string | null;
  created_at: number;
  updated_at: number;
}

/** Which task runs in a sandbox is derived, never stored. */
const SELECT = sql`
  SELECT s.id, s.owner, s.app_id, s.project_id, s.project_user_id, s.node_id, s.preset, s.template, s.ports,
    s.from_snapshot_id, s.replaces, s.safety, s.visibility, s.idle_policy, s.desired, s.generation, s.revision,
    s.status, s.paused, s.error_message, s.keepalive_until, s.last_active_at, t.id AS active_task_id, s.created_at, s.updated_at
  FROM sandboxes s LEFT JOIN tasks t ON t.sandbox_id = s.id AND t.status = 'running'`;

/** Spelled as in the partial indexes, which serve only a query that repeats their condition. */
const LIVE = sql`desired <> 'absent'`;
const REPLACING = sql`replaces IS NOT NULL`;

export const sandboxReads = (database: Sql): SandboxReads => ({
  async find(owner, id) {
    const [row] = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.id = ${id} AND s.owner = ${owner} AND ${LIVE}`,
    );
    return row && toSandbox(row);
  },
  async findOrdered(owner, id) {
    const [row] = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.id = ${id} AND s.owner = ${owner} AND deleted_at IS NULL`,
    );
    return row && toSandbox(row);
  },
  async findByProject(owner, project) {
    const [row] = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.owner = ${owner} AND project_id = ${project.id}
        AND project_user_id = ${project.userId} AND ${LIVE}`,
    );
    return row && toSandbox(row);
  },
  async list(owner, { before, limit }) {
    const older = before === undefined ? NOTHING : sql`AND s.id < ${before}`;
    const rows = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.owner = ${owner} AND ${LIVE} ${older} ORDER BY s.id DESC LIMIT ${limit}`,
    );
    return rows.map(toSandbox);
  },
  async ofNode(nodeId) {
    const rows = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.node_id = ${nodeId} AND deleted_at IS NULL ORDER BY s.id`,
    );
    return rows.map(toSandbox);
  },
  async replacing(nodeId) {
    const rows = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.node_id = ${nodeId} AND ${LIVE} AND ${REPLACING} ORDER BY s.id`,
    );
    return rows.map(toSandbox);
  },
  async beingMadeFrom(owner, snapshotId) {
    const [row] = await database.read<SandboxRow>(
      sql`${SELECT} WHERE s.from_snapshot_id = ${snapshotId} AND s.owner = ${owner} AND ${LIVE}
        AND s.status = 'creating' LIMIT 1`,
    );
    return row && toSandbox(row);
  },
  async count() {
    const rows = await database.read<{ status: string; count: number; paused: number }>(
      sql`SELECT status, count(*) AS count, sum(paused) AS paused FROM sandboxes WHERE ${LIVE} GROUP BY status`,
    );
    const none = SANDBOX_STATUSES.map((status) => [status, 0]);
    const paused = rows.find(({ status }) => status === 'running')?.paused ?? 0;
    return Object.fromEntries([
      ...none,
      ...rows.map(({ status, count }) => [status, count]),
      ['paused', paused],
    ]);
  },
});

const toSandbox = (row: SandboxRow): Sandbox => ({
  id: row.id,
  owner: row.owner,
  appId: row.app_id ?? undefined,
  project:
    row.project_id === null || row.project_user_id === null
      ? undefined
      : { id: row.project_id, userId: row.project_user_id },
  nodeId: row.node_id,
  preset: row.preset ?? undefined,
  template: row.template,
  ports: JSON.parse(row.ports) as number[],
  fromSnapshotId: row.from_snapshot_id ?? undefined,
  replaces:
    row.replaces === null || row.safety === null
      ? undefined
      : { sandboxId: row.replaces, safety: JSON.parse(row.safety) as CaptureOrder },
  visibility: row.visibility,
  idlePolicy: row.idle_policy,
  desired: row.desired,
  generation: row.generation,
  revision: row.revision,
  status: row.status,
  paused: row.paused === 1,
  errorMessage: row.error_message ?? undefined,
  keepaliveUntil: row.keepalive_until ?? undefined,
  lastActiveAt: row.last_active_at ?? undefined,
  activeTaskId: row.active_task_id ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const insertSandbox = (sandbox: Sandbox): Statement => sql`
  INSERT INTO sandboxes (id, owner, app_id, project_id, project_user_id, node_id, preset, template, ports,
    from_snapshot_id, replaces, safety, visibility, idle_policy, desired, generation, revision, status, paused,
    error_message, keepalive_until, last_active_at, created_at, updated_at)
  VALUES (${sandbox.id}, ${sandbox.owner}, ${sandbox.appId ?? null}, ${sandbox.project?.id ?? null},
    ${sandbox.project?.userId ?? null}, ${sandbox.nodeId}, ${sandbox.preset ?? null}, ${sandbox.template},
    ${JSON.stringify(sandbox.ports)}, ${sandbox.fromSnapshotId ?? null}, ${sandbox.replaces?.sandboxId ?? null},
    ${sandbox.replaces === undefined ? null : JSON.stringify(sandbox.replaces.safety)}, ${sandbox.visibility},
    ${sandbox.idlePolicy}, ${sandbox.desired}, ${sandbox.generation}, ${sandbox.revision}, ${sandbox.status},
    ${sandbox.paused ? 1 : 0}, ${sandbox.errorMessage ?? null}, ${sandbox.keepaliveUntil ?? null}, ${sandbox.lastActiveAt ?? null}, ${sandbox.createdAt},
    ${sandbox.updatedAt})`;

export const orderSandbox = ({ owner, id, desired, at }: ChangeOf<'sandbox.order'>): Statement => sql`
  UPDATE sandboxes SET desired = ${desired}, generation = generation + 1, revision = revision + 1,
    updated_at = ${at}
  WHERE id = ${id} AND owner = ${owner} AND ${LIVE} AND (${desired} <> 'stopped' OR NOT EXISTS (
    SELECT 1 FROM tasks WHERE sandbox_id = ${id} AND status = 'running'))`;

/** The other one goes first: for as long as both were their app's own, the index would refuse. */
export const replaceSandbox = ({ owner, id, at }: ChangeOf<'sandbox.replaced'>): readonly Statement[] => [
  sql`
    UPDATE sandboxes SET desired = 'absent', generation = generation + 1, revision = revision + 1, updated_at = ${at}
    WHERE owner = ${owner} AND ${LIVE}
      AND id = (SELECT replaces FROM sandboxes WHERE ${replacingRow(owner, id)})`,
  sql`
    UPDATE sandboxes SET (visibility, idle_policy, keepalive_until) = (
        SELECT visibility, idle_policy, keepalive_until FROM sandboxes other WHERE other.id = sandboxes.replaces),
      replaces = NULL, safety = NULL, revision = revision + 1, updated_at = ${at}
    WHERE ${replacingRow(owner, id)}`,
];

export const withdrawSandbox = ({ owner, id, at }: ChangeOf<'sandbox.withdraw'>): Statement => sql`
  UPDATE sandboxes SET desired = 'absent', generation = generation + 1, revision = revision + 1, updated_at = ${at}
  WHERE ${replacingRow(owner, id)}`;

const replacingRow = (owner: string, id: string): Statement =>
  sql`id = ${id} AND owner = ${owner} AND ${LIVE} AND ${REPLACING}`;

export const updateSandbox = ({ owner, id, set, at }: ChangeOf<'sandbox.update'>): Statement => sql`
  UPDATE sandboxes SET
    visibility = coalesce(${set.visibility ?? null}, visibility),
    idle_policy = coalesce(${set.idlePolicy ?? null}, idle_policy),
    keepalive_until = coalesce(${set.keepaliveUntil ?? null}, keepalive_until),
    revision = revision + 1,
    updated_at = ${at}
  WHERE id = ${id} AND owner = ${owner} AND ${LIVE}`;

export function observeSandbox({ nodeId, observation, at }: ChangeOf<'sandbox.observed'>): Statement {
  const row = sql`id = ${observation.id} AND node_id = ${nodeId} AND generation = ${observation.generation}
    AND deleted_at IS NULL`;
  if (observation.state === 'absent') {
    return sql`UPDATE sandboxes SET deleted_at = ${at}, updated_at = ${at} WHERE ${row} AND desired = 'absent'`;
  }
  const status = observation.state === 'paused' ? 'running' : observation.state;
  return observeStatus(row, { ...observation, status }, at);
}

type Seen = Pick<SandboxObservation, 'state' | 'errorMessage' | 'lastActiveAt'> & { status: SandboxStatus };

/** A sync repeats what is known already: such an observation writes nothing, and activity alone is no update. */
function observeStatus(row: Statement, seen: Seen, at: number): Statement {
  const paused = seen.state === 'paused' ? 1 : 0;
  const errorMessage = seen.status === 'error' ? (seen.errorMessage ?? null) : null;
  const lastActiveAt = sql`nullif(max(coalesce(last_active_at, 0), ${seen.lastActiveAt ?? 0}), 0)`;
  const changed = sql`(status <> ${seen.status} OR paused <> ${paused} OR error_message IS NOT ${errorMessage})`;
  return sql`
    UPDATE sandboxes SET
      updated_at = CASE WHEN ${changed} THEN ${at} ELSE updated_at END,
      last_active_at = ${lastActiveAt},
      status = ${seen.status}, paused = ${paused}, error_message = ${errorMessage}
    WHERE ${row} AND status IN (${mayPrecede(seen.status)})
      AND (${changed} OR last_active_at IS NOT ${lastActiveAt})`;
}

const mayPrecede = (next: SandboxStatus): Statement => ({
  text: SANDBOX_STATUSES.filter((status) => mayBecome(status, next))
    .map((status) => `'${status}'`)
    .join(', '),
  values: [],
});
