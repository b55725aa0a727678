import { APP_MISSING } from '../errors.ts';
import { sql, type Statement } from '../sql.ts';

const apps = [
  sql`CREATE TABLE apps (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    external_user_id TEXT,
    external_project_id TEXT,
    preset TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  sql`CREATE INDEX apps_by_owner ON apps (owner, id)`,
  sql`CREATE INDEX apps_by_external_user ON apps (owner, external_user_id, id)
    WHERE external_user_id IS NOT NULL`,
];

/**
 * A sandbox is live until its deletion is ordered (`desired = 'absent'`), kept by its node until the node confirms
 * (`deleted_at`), and then only a tombstone under which late reports find their owner and app. For the same reason
 * `app_id` is no foreign key: the app may be gone before.
 */
const sandboxes = [
  sql`CREATE TABLE sandboxes (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    app_id TEXT,
    project_id TEXT,
    project_user_id TEXT,
    node_id TEXT NOT NULL,
    preset TEXT,
    template TEXT NOT NULL,
    ports TEXT NOT NULL,
    visibility TEXT NOT NULL,
    idle_policy TEXT NOT NULL,
    desired TEXT NOT NULL,
    generation INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    paused INTEGER NOT NULL,
    error_message TEXT,
    keepalive_until INTEGER,
    last_active_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  ) STRICT`,
  sql`CREATE UNIQUE INDEX sandboxes_live_of_app ON sandboxes (app_id)
    WHERE desired <> 'absent'`,
  sql`CREATE UNIQUE INDEX sandboxes_live_of_project ON sandboxes (owner, project_id, project_user_id)
    WHERE desired <> 'absent'`,
  sql`CREATE INDEX sandboxes_live_of_owner ON sandboxes (owner, id)
    WHERE desired <> 'absent'`,
  sql`CREATE INDEX sandboxes_of_node ON sandboxes (node_id, id)
    WHERE deleted_at IS NULL`,
  {
    text: `CREATE TRIGGER sandboxes_need_their_app BEFORE INSERT ON sandboxes
      WHEN NEW.app_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM apps WHERE id = NEW.app_id AND owner = NEW.owner)
      BEGIN SELECT RAISE(ABORT, '${APP_MISSING}'); END`,
    values: [],
  },
];

/** Clustered by owner and id, so that a page of a timeline is one range of the table itself. */
const events = [
  sql`CREATE TABLE events (
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    type TEXT NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    app_id TEXT,
    sandbox_id TEXT,
    payload TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX events_of_app ON events (owner, app_id, id) WHERE app_id IS NOT NULL`,
  sql`CREATE INDEX events_of_sandbox ON events (owner, sandbox_id, id) WHERE sandbox_id IS NOT NULL`,
];

const nodes = [
  sql`CREATE TABLE nodes (
    id TEXT PRIMARY KEY NOT NULL,
    acknowledged INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];

const identity = [
  sql`CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`,
  sql`CREATE TABLE sessions (
    hash TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE TABLE login_links (
    hash TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];

export const firstSchema: readonly Statement[] = [...apps, ...sandboxes, ...events, ...nodes, ...identity];
