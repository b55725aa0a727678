import type { SnapshotContent } from '../../domain/capture.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { ChangeOf, RetentionLimits, SnapshotReads } from '../../domain/store.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface SnapshotRow {
  id: string;
  owner: string;
  name: string;
  cause: Snapshot['cause'];
  status: Snapshot['status'];
  source_sandbox_id: string;
  source_app_id: string | null;
  parent_snapshot_id: string | null;
  node_id: string;
  live: number;
  preset: string | null;
  template: string;
  ports: string;
  visibility: Snapshot['visibility'];
  content: string | null;
  error_message: string | null;
  created_at: number;
}

const SELECT = sql`
  SELECT id, owner, name, cause, status, source_sandbox_id, source_app_id, parent_snapshot_id, node_id, live, preset,
    template, ports, visibility, content, error_message, created_at`;

/** Spelled as in the partial indexes, which serve only a query that repeats their condition. */
const KEPT = sql`is_discarded = 0`;
const READY = sql`status = 'ready' AND is_discarded = 0`;
const CAPTURING = sql`status = 'capturing'`;

/** A safety snapshot is captured while its node makes a sandbox, also one whose deletion it has yet to hear of. */
const STILL_TO_COME = sql`(${CAPTURING} AND cause = 'safety' AND EXISTS (SELECT 1 FROM sandboxes m
  WHERE m.node_id = snapshots.node_id AND m.deleted_at IS NULL AND m.replaces = snapshots.source_sandbox_id))`;

export const snapshotReads = (database: Sql): SnapshotReads => ({
  async find(owner, id) {
    const [row] = await database.read<SnapshotRow>(
      sql`${SELECT} FROM snapshots WHERE id = ${id} AND owner = ${owner} AND ${KEPT}`,
    );
    return row && toSnapshot(row);
  },
  async list(owner, { appId, before, limit }) {
    const ofApp = appId === undefined ? NOTHING : sql`AND source_app_id = ${appId}`;
    const older = before === undefined ? NOTHING : sql`AND id < ${before}`;
    const rows = await database.read<SnapshotRow>(sql`
      ${SELECT} FROM ${history(appId)}
      WHERE owner = ${owner} AND ${KEPT} ${ofApp} ${older} ORDER BY id DESC LIMIT ${limit}`);
    return rows.map(toSnapshot);
  },
  async parentOf(owner, sandboxId) {
    const [row] = await database.read<{ made_from: string | null; newest: string | null }>(sql`
      SELECT s.from_snapshot_id AS made_from, n.id AS newest
      FROM sandboxes s LEFT JOIN snapshots n INDEXED BY snapshots_ready_of_sandbox
        ON n.source_sandbox_id = s.id AND n.status = 'ready' AND n.is_discarded = 0
      WHERE s.id = ${sandboxId} AND s.owner = ${owner} ORDER BY n.id DESC LIMIT 1`);
    return row?.newest ?? row?.made_from ?? undefined;
  },
  async capturingOn(nodeId) {
    const rows = await database.read<
      Pick<SnapshotRow, 'id' | 'source_sandbox_id' | 'live' | 'parent_snapshot_id'>
    >(sql`
      SELECT id, source_sandbox_id, live, parent_snapshot_id FROM snapshots
      WHERE node_id = ${nodeId} AND ${CAPTURING} AND ${KEPT} AND cause <> 'safety' ORDER BY id`);
    return rows.map((row) => ({
      id: row.id,
      sandboxId: row.source_sandbox_id,
      live: row.live === 1,
      parentSnapshotId: row.parent_snapshot_id ?? undefined,
    }));
  },
  async discardedOn(nodeId) {
    const rows = await database.read<{ id: string }>(
      sql`SELECT id FROM snapshots WHERE node_id = ${nodeId} AND is_discarded = 1 AND NOT ${STILL_TO_COME} ORDER BY id`,
    );
    return rows.map(({ id }) => id);
  },
  async known(ids) {
    const rows = await database.read<{ id: string }>(
      sql`SELECT id FROM snapshots WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
    );
    return rows.map(({ id }) => id);
  },
  surplus: async (limits) => (await database.read<SnapshotRow>(surplus(limits))).map(toSnapshot),
});

/** Left to itself the planner may walk all of an owner's snapshots for the few of one app. */
const history = (appId: string | undefined): Statement =>
  appId === undefined
    ? sql`snapshots INDEXED BY snapshots_of_owner`
    : sql`snapshots INDEXED BY snapshots_of_app`;

/**
 * A sandbox may still need what it is made from when its first start has failed and is tried again; and what its own app
 * went back to last is what its people go on from.
 */
const IN_USE = sql`EXISTS (SELECT 1 FROM sandboxes m
  WHERE m.from_snapshot_id = snapshots.id AND m.desired <> 'absent'
    AND (m.status IN ('creating', 'error') OR m.app_id = snapshots.source_app_id))`;

/**
 * Counts per app (a sandbox without one is on its own) and cause, then weighs what may go of what that leaves: the oldest
 * go until the rest of them fits.
 */
function surplus({ keepLast, maxBytes }: RetentionLimits): Statement {
  const tooMany = keepLast === undefined ? sql`0` : sql`place > ${keepLast}`;
  const tooLarge = maxBytes === undefined ? sql`0` : sql`total - coalesce(freed, 0) > ${maxBytes}`;
  return sql`
    WITH ready AS (
      SELECT id, size_bytes, ${IN_USE} AS in_use,
        row_number() OVER (PARTITION BY coalesce(source_app_id, source_sandbox_id), cause ORDER BY id DESC) AS place
      FROM snapshots WHERE ${READY}
    ), counted AS (
      SELECT *, place > 1 AND NOT in_use AS may_go, place > 1 AND NOT in_use AND ${tooMany} AS goes FROM ready
    ), weighed AS (
      SELECT *, sum((1 - goes) * may_go * size_bytes) OVER () AS total,
        sum((1 - goes) * may_go * size_bytes) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
          AS freed
      FROM counted
    )
    ${SELECT} FROM snapshots WHERE id IN (SELECT id FROM weighed WHERE goes OR (may_go AND ${tooLarge})) ORDER BY id`;
}

const toSnapshot = (row: SnapshotRow): Snapshot => ({
  id: row.id,
  owner: row.owner,
  name: row.name,
  cause: row.cause,
  status: row.status,
  sourceSandboxId: row.source_sandbox_id,
  sourceAppId: row.source_app_id ?? undefined,
  parentSnapshotId: row.parent_snapshot_id ?? undefined,
  nodeId: row.node_id,
  live: row.live === 1,
  blueprint: {
    preset: row.preset ?? undefined,
    template: row.template,
    ports: JSON.parse(row.ports) as number[],
  },
  visibility: row.visibility,
  content: row.content === null ? undefined : (JSON.parse(row.content) as SnapshotContent),
  errorMessage: row.error_message ?? undefined,
  createdAt: row.created_at,
});

export const insertSnapshot = ({ snapshot }: ChangeOf<'snapshot.insert'>): Statement => sql`
  INSERT INTO snapshots (id, owner, name, cause, status, source_sandbox_id, source_app_id, parent_snapshot_id, node_id,
    live, preset, template, ports, visibility, content, size_bytes, error_message, created_at)
  VALUES (${snapshot.id}, ${snapshot.owner}, ${snapshot.name}, ${snapshot.cause}, ${snapshot.status},
    ${snapshot.sourceSandboxId}, ${snapshot.sourceAppId ?? null}, ${snapshot.parentSnapshotId ?? null},
    ${snapshot.nodeId}, ${snapshot.live ? 1 : 0}, ${snapshot.blueprint.preset ?? null},
    ${snapshot.blueprint.template}, ${JSON.stringify(snapshot.blueprint.ports)}, ${snapshot.visibility},
    ${toJson(snapshot.content)}, ${snapshot.content?.sizeBytes ?? 0}, ${snapshot.errorMessage ?? null},
    ${snapshot.createdAt})`;

const toJson = (content: SnapshotContent | undefined): string | null =>
  content === undefined ? null : JSON.stringify(content);

export function endSnapshot({ nodeId, id, end }: ChangeOf<'snapshot.end'>): Statement {
  const content = end.status === 'ready' ? end.content : undefined;
  const errorMessage = end.status === 'failed' ? end.errorMessage : null;
  return sql`
    UPDATE snapshots SET status = ${end.status}, content = ${toJson(content)},
      size_bytes = ${content?.sizeBytes ?? 0}, error_message = ${errorMessage}
    WHERE id = ${id} AND node_id = ${nodeId} AND ${CAPTURING}`;
}

export const withdrawSnapshot = ({ owner, id }: ChangeOf<'snapshot.withdraw'>): Statement =>
  sql`UPDATE snapshots SET is_discarded = 1 WHERE id = ${id} AND owner = ${owner} AND ${CAPTURING}`;

export const discardSnapshot = ({ owner, id }: ChangeOf<'snapshot.discard'>): Statement => sql`
  UPDATE snapshots SET is_discarded = 1 WHERE id = ${id} AND owner = ${owner}`;

export const forgetSnapshots = ({ nodeId, ids }: ChangeOf<'snapshot.discarded'>): Statement => sql`
  DELETE FROM snapshots WHERE node_id = ${nodeId} AND is_discarded = 1
    AND id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
