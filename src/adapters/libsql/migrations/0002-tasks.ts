import { sql, type Statement } from '../sql.ts';

/**
 * A task outlives its sandbox and its app: what it came to is asked for later. Which one is running is also what keeps
 * a sandbox from a second.
 */
const tasks = [
  sql`CREATE TABLE tasks (
    id TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    app_id TEXT,
    sandbox_id TEXT NOT NULL,
    node_id TEXT NOT NULL,
    status TEXT NOT NULL,
    prompt TEXT NOT NULL,
    agent TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT,
    timeout_seconds INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    outcome TEXT,
    usage TEXT,
    finished_at INTEGER
  ) STRICT`,
  sql`CREATE UNIQUE INDEX tasks_running_of_sandbox ON tasks (sandbox_id) WHERE status = 'running'`,
  sql`CREATE INDEX tasks_running_of_node ON tasks (node_id, id) WHERE status = 'running'`,
  sql`CREATE INDEX tasks_of_owner ON tasks (owner, id)`,
  sql`CREATE INDEX tasks_of_sandbox ON tasks (owner, sandbox_id, id)`,
  sql`CREATE INDEX tasks_of_app ON tasks (owner, app_id, id) WHERE app_id IS NOT NULL`,
];

const taskEvents = [
  sql`ALTER TABLE events ADD COLUMN task_id TEXT`,
  sql`CREATE INDEX events_of_task ON events (owner, task_id, id) WHERE task_id IS NOT NULL`,
];

const credentials = [
  sql`CREATE TABLE credentials (
    owner TEXT NOT NULL,
    provider TEXT NOT NULL,
    sealed TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (owner, provider)
  ) STRICT, WITHOUT ROWID`,
];

export const tasksAndCredentials: readonly Statement[] = [...tasks, ...taskEvents, ...credentials];
