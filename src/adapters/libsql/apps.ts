import type { App } from '../../domain/app.ts';
import type { AppReads, ChangeOf } from '../../domain/store.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface AppRow {
  id: string;
  owner: string;
  name: string;
  description: string;
  tags: string;
  external_user_id: string | null;
  external_project_id: string | null;
  preset: string | null;
  forked_from_snapshot_id: string | null;
  forked_from_app_id: string | null;
  current_sandbox_id: string | null;
  created_at: number;
  updated_at: number;
}

/** Which sandbox is an app's own is derived, never stored: the live one that is not yet to replace another. */
const SELECT = sql`
  SELECT a.id, a.owner, a.name, a.description, a.tags, a.external_user_id, a.external_project_id, a.preset,
    a.forked_from_snapshot_id, a.forked_from_app_id, s.id AS current_sandbox_id, a.created_at, a.updated_at
  FROM apps a LEFT JOIN sandboxes s ON s.app_id = a.id AND s.desired <> 'absent'
    AND s.replaces IS NULL`;

export const appReads = (database: Sql): AppReads => ({
  async find(owner, id) {
    const [row] = await database.read<AppRow>(sql`${SELECT} WHERE a.id = ${id} AND a.owner = ${owner}`);
    return row && toApp(row);
  },
  async list(owner, { externalUserId, before, limit }) {
    const ofUser = externalUserId === undefined ? NOTHING : sql`AND a.external_user_id = ${externalUserId}`;
    const older = before === undefined ? NOTHING : sql`AND a.id < ${before}`;
    const rows = await database.read<AppRow>(
      sql`${SELECT} WHERE a.owner = ${owner} ${ofUser} ${older} ORDER BY a.id DESC LIMIT ${limit}`,
    );
    return rows.map(toApp);
  },
});

const toApp = (row: AppRow): App => ({
  id: row.id,
  owner: row.owner,
  name: row.name,
  description: row.description,
  tags: JSON.parse(row.tags) as string[],
  externalUserId: row.external_user_id ?? undefined,
  externalProjectId: row.external_project_id ?? undefined,
  preset: row.preset ?? undefined,
  forkedFrom:
    row.forked_from_snapshot_id === null
      ? undefined
      : { snapshotId: row.forked_from_snapshot_id, appId: row.forked_from_app_id ?? undefined },
  currentSandboxId: row.current_sandbox_id ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const insertApp = (app: App): Statement => sql`
  INSERT INTO apps (id, owner, name, description, tags, external_user_id, external_project_id, preset,
    forked_from_snapshot_id, forked_from_app_id, created_at, updated_at)
  VALUES (${app.id}, ${app.owner}, ${app.name}, ${app.description}, ${JSON.stringify(app.tags)},
    ${app.externalUserId ?? null}, ${app.externalProjectId ?? null}, ${app.preset ?? null},
    ${app.forkedFrom?.snapshotId ?? null}, ${app.forkedFrom?.appId ?? null}, ${app.createdAt}, ${app.updatedAt})`;

export const updateApp = ({ owner, id, set, at }: ChangeOf<'app.update'>): Statement => sql`
  UPDATE apps SET
    name = coalesce(${set.name ?? null}, name),
    description = coalesce(${set.description ?? null}, description),
    tags = coalesce(${set.tags === undefined ? null : JSON.stringify(set.tags)}, tags),
    updated_at = ${at}
  WHERE id = ${id} AND owner = ${owner}`;

/** The sandboxes go with their app, also those that were created after the caller looked. */
export const deleteApp = (owner: string, id: string): readonly Statement[] => [
  sql`UPDATE sandboxes SET desired = 'absent', generation = generation + 1, revision = revision + 1
    WHERE app_id = ${id} AND owner = ${owner} AND desired <> 'absent'`,
  sql`UPDATE snapshots SET is_discarded = 1
    WHERE owner = ${owner} AND source_app_id = ${id} AND is_discarded = 0 AND status = 'capturing' AND cause = 'safety'`,
  sql`DELETE FROM apps WHERE id = ${id} AND owner = ${owner}`,
  sql`DELETE FROM config_items WHERE app_id = ${id} AND owner = ${owner}`,
];
