import { BEING_REPLACED, NOT_ITS_APPS_OWN, REPLACED_AT_WORK } from '../errors.ts';
import { sql, type Statement } from '../sql.ts';
import { refusing } from './triggers.ts';

/**
 * A snapshot outlives its sandbox and its app, so neither is a foreign key. `is_discarded` is a deletion that its node
 * has yet to confirm. What a capture came to is kept as one text; its size stands beside it, for retention to add up.
 */
const snapshots = [
  sql`CREATE TABLE snapshots (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    cause TEXT NOT NULL,
    status TEXT NOT NULL,
    source_sandbox_id TEXT NOT NULL,
    source_app_id TEXT,
    parent_snapshot_id TEXT,
    node_id TEXT NOT NULL,
    live INTEGER NOT NULL,
    preset TEXT,
    template TEXT NOT NULL,
    ports TEXT NOT NULL,
    visibility TEXT NOT NULL,
    content TEXT,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    error_message TEXT,
    created_at INTEGER NOT NULL,
    is_discarded INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  sql`CREATE INDEX snapshots_of_owner ON snapshots (owner, id) WHERE is_discarded = 0`,
  sql`CREATE INDEX snapshots_of_app ON snapshots (owner, source_app_id, id)
    WHERE is_discarded = 0 AND source_app_id IS NOT NULL`,
  sql`CREATE INDEX snapshots_ready_of_sandbox ON snapshots (source_sandbox_id, id)
    WHERE status = 'ready' AND is_discarded = 0`,
  sql`CREATE INDEX snapshots_capturing_on_node ON snapshots (node_id, id) WHERE status = 'capturing'`,
  sql`CREATE INDEX snapshots_discarded_on_node ON snapshots (node_id, id) WHERE is_discarded = 1`,
];

/**
 * A sandbox that replaces another is not its app's own before it has taken the other one's place: until then the app
 * has two that are live, and one that is its own.
 */
const replacements: readonly Statement[] = [
  sql`ALTER TABLE sandboxes ADD COLUMN from_snapshot_id TEXT`,
  sql`ALTER TABLE sandboxes ADD COLUMN replaces TEXT`,
  sql`ALTER TABLE sandboxes ADD COLUMN safety TEXT`,
  sql`DROP INDEX sandboxes_live_of_app`,
  sql`CREATE UNIQUE INDEX sandboxes_live_of_app ON sandboxes (app_id)
    WHERE desired <> 'absent' AND replaces IS NULL`,
  sql`CREATE UNIQUE INDEX sandboxes_live_replacing ON sandboxes (replaces)
    WHERE desired <> 'absent' AND replaces IS NOT NULL`,
  sql`CREATE INDEX sandboxes_replacing_on_node ON sandboxes (node_id, id)
    WHERE desired <> 'absent' AND replaces IS NOT NULL`,
  sql`CREATE INDEX sandboxes_made_from ON sandboxes (from_snapshot_id)
    WHERE desired <> 'absent' AND from_snapshot_id IS NOT NULL`,
  refusing(
    `sandboxes_replace_their_apps_own BEFORE INSERT ON sandboxes
      WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sandboxes WHERE id = NEW.replaces
        AND owner = NEW.owner AND app_id = NEW.app_id AND desired <> 'absent' AND replaces IS NULL)`,
    NOT_ITS_APPS_OWN,
  ),
  refusing(
    `sandboxes_replace_none_at_work BEFORE INSERT ON sandboxes
      WHEN NEW.replaces IS NOT NULL AND EXISTS (
        SELECT 1 FROM tasks WHERE sandbox_id = NEW.replaces AND status = 'running')`,
    REPLACED_AT_WORK,
  ),
  refusing(
    `tasks_need_a_sandbox_that_stays BEFORE INSERT ON tasks
      WHEN EXISTS (SELECT 1 FROM sandboxes
        WHERE replaces = NEW.sandbox_id AND desired <> 'absent' AND replaces IS NOT NULL)`,
    BEING_REPLACED,
  ),
];

/** Two that see the same end of something record it once. */
const snapshotEvents = [
  sql`ALTER TABLE events ADD COLUMN snapshot_id TEXT`,
  sql`CREATE UNIQUE INDEX events_of_a_restores_end ON events (owner, sandbox_id)
    WHERE type IN ('snapshot.restored', 'snapshot.restore.failed')`,
  sql`CREATE UNIQUE INDEX events_of_a_snapshots_deletion ON events (owner, snapshot_id)
    WHERE type = 'snapshot.deleted'`,
];

const forks = [
  sql`ALTER TABLE apps ADD COLUMN forked_from_snapshot_id TEXT`,
  sql`ALTER TABLE apps ADD COLUMN forked_from_app_id TEXT`,
];

export const snapshotsAndReplacements: readonly Statement[] = [
  ...snapshots,
  ...replacements,
  ...snapshotEvents,
  ...forks,
];
