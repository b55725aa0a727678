import type { ChangeOf, TaskReads } from '../../domain/store.ts';
import type { Task, TaskOutcome, TaskUsage } from '../../domain/task.ts';
import { NOTHING, sql, type Sql, type Statement } from './sql.ts';

interface TaskRow {
  id: string;
  owner: string;
  app_id: string | null;
  sandbox_id: string;
  node_id: string;
  status: Task['status'];
  prompt: string;
  agent: Task['agent'];
  provider: Task['provider'];
  model: string | null;
  timeout_seconds: number;
  created_at: number;
  outcome: string | null;
  usage: string | null;
}

const SELECT = sql`
  SELECT id, owner, app_id, sandbox_id, node_id, status, prompt, agent, provider, model, timeout_seconds, created_at,
    outcome, usage`;

/** Spelled as in the partial indexes, which serve only a query that repeats their condition. */
const RUNNING = sql`status = 'running'`;

export const taskReads = (database: Sql): TaskReads => ({
  async find(owner, id) {
    const [row] = await database.read<TaskRow>(
      sql`${SELECT} FROM tasks WHERE id = ${id} AND owner = ${owner}`,
    );
    return row && toTask(row);
  },
  async list(owner, { sandboxId, appId, before, limit }) {
    const ofSandbox = sandboxId === undefined ? NOTHING : sql`AND sandbox_id = ${sandboxId}`;
    const ofApp = appId === undefined ? NOTHING : sql`AND app_id = ${appId}`;
    const older = before === undefined ? NOTHING : sql`AND id < ${before}`;
    const rows = await database.read<TaskRow>(sql`
      ${SELECT} FROM ${history(sandboxId, appId)}
      WHERE owner = ${owner} ${ofSandbox} ${ofApp} ${older} ORDER BY id DESC LIMIT ${limit}`);
    return rows.map(toTask);
  },
  async runningOn(nodeId) {
    const rows = await database.read<Pick<TaskRow, 'id' | 'owner' | 'app_id' | 'sandbox_id' | 'created_at'>>(
      sql`SELECT id, owner, app_id, sandbox_id, created_at FROM tasks
        WHERE node_id = ${nodeId} AND ${RUNNING} ORDER BY id`,
    );
    return rows.map(({ id, owner, app_id, sandbox_id, created_at }) => ({
      id,
      owner,
      appId: app_id ?? undefined,
      sandboxId: sandbox_id,
      nodeId,
      createdAt: created_at,
    }));
  },
});

/** Left to itself the planner may walk all of an owner's tasks for the few of one app. */
function history(sandboxId: string | undefined, appId: string | undefined): Statement {
  if (sandboxId !== undefined) return sql`tasks INDEXED BY tasks_of_sandbox`;
  return appId === undefined ? sql`tasks INDEXED BY tasks_of_owner` : sql`tasks INDEXED BY tasks_of_app`;
}

const toTask = (row: TaskRow): Task => ({
  id: row.id,
  owner: row.owner,
  appId: row.app_id ?? undefined,
  sandboxId: row.sandbox_id,
  nodeId: row.node_id,
  status: row.status,
  prompt: row.prompt,
  agent: row.agent,
  provider: row.provider,
  model: row.model ?? undefined,
  timeoutSeconds: row.timeout_seconds,
  createdAt: row.created_at,
  outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome) as TaskOutcome),
  usage: row.usage === null ? undefined : (JSON.parse(row.usage) as TaskUsage),
});

export const insertTask = ({ task }: ChangeOf<'task.insert'>): Statement => sql`
  INSERT INTO tasks (id, owner, app_id, sandbox_id, node_id, status, prompt, agent, provider, model, timeout_seconds,
    created_at)
  VALUES (${task.id}, ${task.owner}, ${task.appId ?? null}, ${task.sandboxId}, ${task.nodeId}, 'running',
    ${task.prompt}, ${task.agent}, ${task.provider}, ${task.model ?? null}, ${task.timeoutSeconds},
    ${task.createdAt})`;

export const withdrawTask = ({ owner, id }: ChangeOf<'task.withdraw'>): Statement =>
  sql`DELETE FROM tasks WHERE id = ${id} AND owner = ${owner} AND ${RUNNING}`;

export const endTask = ({ nodeId, id, end }: ChangeOf<'task.end'>): Statement => sql`
  UPDATE tasks SET status = ${end.outcome.status}, outcome = ${JSON.stringify(end.outcome)},
    usage = ${JSON.stringify(end.usage)}, finished_at = ${end.outcome.finished_at}
  WHERE id = ${id} AND node_id = ${nodeId} AND ${RUNNING}`;
