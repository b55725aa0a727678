import type { ConfigItem } from '../../domain/config-item.ts';
import type { ConfigRoom } from '../../domain/config-limits.ts';
import type { ChangeOf, ConfigReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

interface ConfigRow {
  owner: string;
  app_id: string;
  key: string;
  sensitive: number;
  access_policy: ConfigItem['accessPolicy'];
  sealed: string;
  unreadable_since: number | null;
  created_at: number;
  updated_at: number;
}

const SELECT = sql`
  SELECT owner, app_id, key, sensitive, access_policy, sealed, unreadable_since, created_at, updated_at
  FROM config_items`;

type Place = Pick<ConfigItem, 'owner' | 'appId' | 'key'>;

const at = ({ owner, appId, key }: Place): Statement =>
  sql`WHERE app_id = ${appId} AND key = ${key} AND owner = ${owner}`;

export const configReads = (database: Sql): ConfigReads => ({
  async list(owner, appId) {
    const rows = await database.read<ConfigRow>(
      sql`${SELECT} WHERE app_id = ${appId} AND owner = ${owner} ORDER BY key`,
    );
    return rows.map(toItem);
  },
  async find(owner, appId, key) {
    const [row] = await database.read<ConfigRow>(sql`${SELECT} ${at({ owner, appId, key })}`);
    return row && toItem(row);
  },
  async revision(appId) {
    const [row] = await database.read<{ config_revision: number }>(
      sql`SELECT config_revision FROM apps WHERE id = ${appId}`,
    );
    return row?.config_revision ?? 0;
  },
  revisionsOn: (nodeId) =>
    database.read(sql`
      SELECT s.id AS sandboxId, s.owner, s.app_id AS appId, a.config_revision AS revision
      FROM sandboxes s INDEXED BY sandboxes_of_node CROSS JOIN apps a ON a.id = s.app_id
      WHERE s.node_id = ${nodeId} AND s.deleted_at IS NULL AND a.config_revision > 0 ORDER BY s.id`),
});

const toItem = (row: ConfigRow): ConfigItem => ({
  owner: row.owner,
  appId: row.app_id,
  key: row.key,
  sensitive: row.sensitive === 1,
  accessPolicy: row.access_policy,
  sealed: row.sealed,
  unreadableSince: row.unreadable_since ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** Where there is no room, its value would become NULL, which the table refuses. */
export const insertConfig = ({ item, room }: ChangeOf<'config.insert'>): Statement => sql`
  INSERT INTO config_items (app_id, key, owner, sensitive, access_policy, sealed, unreadable_since, created_at,
    updated_at)
  VALUES (${item.appId}, ${item.key}, ${item.owner}, ${item.sensitive ? 1 : 0}, ${item.accessPolicy},
    CASE WHEN ${fits(item, room)} THEN ${item.sealed} END, ${item.unreadableSince ?? null}, ${item.createdAt},
    ${item.updatedAt})`;

/** As config-limits.ts counts them. */
const bytesOf = (key: Statement, sealed: Statement): Statement =>
  sql`length(CAST(${key} AS BLOB)) + (length(${sealed}) * 3 + 3) / 4`;

/** Whether what the app has beside an item leaves room for it. */
function fits({ appId, key, sealed }: ConfigItem, room: ConfigRoom | undefined): Statement {
  if (room === undefined) return sql`true`;
  return sql`(
    SELECT count(*) < ${room.items}
      AND coalesce(sum(${bytesOf(sql`key`, sql`sealed`)}), 0) + ${bytesOf(sql`${key}`, sql`${sealed}`)} <= ${room.bytes}
    FROM config_items WHERE app_id = ${appId} AND key <> ${key})`;
}

/**
 * Setting `updated_at` is what makes the app's revision grow: see the triggers of the schema. Where the item is not as it was
 * seen, its value would become NULL, which the table refuses: that undoes the whole commit, as a mere condition would not.
 */
export const updateConfig = ({ item, was, room }: ChangeOf<'config.update'>): Statement => sql`
  UPDATE config_items SET
    sensitive = ${item.sensitive ? 1 : 0},
    access_policy = ${item.accessPolicy},
    unreadable_since = CASE WHEN sealed = ${item.sealed} THEN unreadable_since END,
    sealed = CASE WHEN sealed = ${was.sealed} AND updated_at = ${was.updatedAt} AND ${fits(item, room)}
      THEN ${item.sealed} END,
    updated_at = ${item.updatedAt}
  ${at(item)}`;

export const deleteConfig = (place: ChangeOf<'config.delete'>): Statement =>
  sql`DELETE FROM config_items ${at(place)}`;

export const markUnreadable = (change: ChangeOf<'config.unreadable'>): Statement =>
  sql`UPDATE config_items SET unreadable_since = ${change.at} ${at(change)}
    AND sealed = ${change.sealed} AND unreadable_since IS NULL`;
