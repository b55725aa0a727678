import { CONFIG_WITHOUT_APP } from '../errors.ts';
import { sql, type Statement } from '../sql.ts';
import { refusing, trigger } from './triggers.ts';

/**
 * Values may be large, so the rows stand outside of the index that finds them. What changes an item sets `updated_at`; what
 * only seals it anew, or finds out that it does not open, does not, and leaves the app's revision as it is.
 */
const config: readonly Statement[] = [
  sql`CREATE TABLE config_items (
    app_id TEXT NOT NULL,
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    sensitive INTEGER NOT NULL,
    access_policy TEXT NOT NULL,
    sealed TEXT NOT NULL,
    unreadable_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, key)
  ) STRICT`,
  sql`ALTER TABLE apps ADD COLUMN config_revision INTEGER NOT NULL DEFAULT 0`,
  refusing(
    `config_items_need_their_app BEFORE INSERT ON config_items
      WHEN NOT EXISTS (SELECT 1 FROM apps WHERE id = NEW.app_id AND owner = NEW.owner)`,
    CONFIG_WITHOUT_APP,
  ),
  counting('config_items_count_inserts AFTER INSERT ON config_items', 'NEW'),
  counting('config_items_count_updates AFTER UPDATE OF updated_at ON config_items', 'NEW'),
  counting('config_items_count_deletes AFTER DELETE ON config_items', 'OLD'),
];

function counting(condition: string, row: 'NEW' | 'OLD'): Statement {
  return trigger(condition, `UPDATE apps SET config_revision = config_revision + 1 WHERE id = ${row}.app_id`);
}

/** One row a group of settings, with what was set of it. */
const settings = [
  sql`CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];

/**
 * Deliveries are made by whatever makes an event, in its own statement, and go with it. One that is held waits for
 * its webhook to be enabled again; it is not in the index of what is due, so that any number of them cost nothing.
 */
const webhooks = [
  sql`CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    event_types TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  sql`CREATE INDEX webhooks_of_owner ON webhooks (owner, id)`,
  sql`CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    is_held INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    last_status INTEGER,
    last_error TEXT,
    ended_at INTEGER,
    PRIMARY KEY (webhook_id, event_id)
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (webhook_id, status, event_id)`,
  sql`CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at, event_id, webhook_id)
    WHERE status = 'pending' AND is_held = 0`,
  sql`CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL`,
  trigger(
    `events_go_to_webhooks AFTER INSERT ON events WHEN NEW.type NOT GLOB 'webhook.*'`,
    `INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, owner, status, next_attempt_at)
      SELECT id, NEW.id, NEW.type, NEW.owner, 'pending', NEW.created_at FROM webhooks
      WHERE owner = NEW.owner AND enabled = 1
        AND (event_types = '[]' OR EXISTS (SELECT 1 FROM json_each(event_types) WHERE value = NEW.type))`,
  ),
  trigger(
    'events_take_their_deliveries_along AFTER DELETE ON events',
    `DELETE FROM webhook_deliveries
      WHERE event_id = OLD.id AND webhook_id IN (SELECT id FROM webhooks WHERE owner = OLD.owner)`,
  ),
];

/** Clustered by id, which is what everybody's log is read by. The owner is empty where nobody was recognised. */
const audit = [
  sql`CREATE TABLE audit_entries (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    status INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX audit_entries_of_owner ON audit_entries (owner, id)`,
];

const idempotency = [
  sql`CREATE TABLE idempotent_requests (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed_request TEXT NOT NULL,
    sealed_answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
  ) STRICT`,
  sql`CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at)`,
];

const identity = [
  sql`ALTER TABLE api_tokens ADD COLUMN last_used_at INTEGER`,
  sql`ALTER TABLE api_tokens ADD COLUMN expires_at INTEGER`,
  sql`CREATE INDEX api_tokens_of_owner ON api_tokens (owner, id)`,
  sql`ALTER TABLE sessions ADD COLUMN token_hash TEXT`,
  sql`CREATE INDEX sessions_of_owner ON sessions (owner)`,
  sql`CREATE INDEX login_links_of_owner ON login_links (owner)`,
  sql`CREATE TABLE passwords (
    owner TEXT PRIMARY KEY NOT NULL,
    hash TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE TABLE login_failures (
    scope TEXT PRIMARY KEY NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX login_failures_by_age ON login_failures (last_at)`,
];

/** A page of some types is as near as a page of all, however rare they are. */
const eventTypes = [
  sql`CREATE INDEX events_of_type ON events (owner, type, id)`,
  sql`CREATE INDEX events_of_app_and_type ON events (owner, app_id, type, id) WHERE app_id IS NOT NULL`,
];

export const controlPlaneMemory: readonly Statement[] = [
  ...config,
  ...settings,
  ...webhooks,
  ...audit,
  ...idempotency,
  ...identity,
  ...eventTypes,
];
