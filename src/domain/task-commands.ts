import * as v from 'valibot';
import { Text } from './app.ts';
import { AGENT_IDS, DEFAULT_AGENT, findAgent } from './coding-agent.ts';
import { invalid, isCode, SandboxdError, taskInProgress } from './errors.ts';
import type { Ports } from './ports.ts';
import { chooseProvider } from './provider-choice.ts';
import { recorded } from './record.ts';
import { requireSandbox, requireTask } from './require.ts';
import type { Change } from './store.ts';
import {
  CHECKPOINT_ID,
  DEFAULT_TASK_SECONDS,
  MAX_PROMPT_LENGTH,
  MAX_TASK_SECONDS,
  type Reverted,
  type Task,
  type TaskOrder,
} from './task.ts';

const SECONDS = `must be from 0 (the default, ${DEFAULT_TASK_SECONDS}) to ${MAX_TASK_SECONDS}`;

export const NewTask = v.object({
  prompt: v.pipe(
    Text,
    v.check((text) => text.trim() !== '', 'must not be empty'),
    v.maxLength(MAX_PROMPT_LENGTH, `must be at most ${MAX_PROMPT_LENGTH} characters`),
  ),
  agent: v.optional(v.picklist(AGENT_IDS, `must be one of ${AGENT_IDS.join(', ')}`), DEFAULT_AGENT),
  model: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.regex(/^[\x21-\x7e]{1,200}$/, 'must be 1–200 printable ASCII characters, without spaces'),
    ),
  ),
  timeout_s: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(0, SECONDS),
      v.maxValue(MAX_TASK_SECONDS, SECONDS),
    ),
    0,
  ),
  continue: v.optional(v.boolean('must be true or false'), true),
});

export const TaskRevert = v.object({
  checkpoint_id: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.regex(CHECKPOINT_ID, 'must be 40–64 lower-case hexadecimal digits, as a revert answers it'),
    ),
  ),
});

/**
 * Lets an agent work in a sandbox, which is woken if it sleeps. Returns once the agent has the task.
 * @throws not_found, invalid_request, task_in_progress, sandbox_unavailable, sandbox_capacity: nothing is left of the
 * task then. node_unavailable: it may have begun all the same, and stays until the node tells
 */
export async function submitTask(
  ports: Ports,
  owner: string,
  sandboxId: string,
  input: v.InferOutput<typeof NewTask>,
): Promise<Task> {
  const sandbox = await requireSandbox(ports, owner, sandboxId);
  const agent = findAgent(input.agent);
  if (agent === undefined) throw invalid(`agent: must be one of ${AGENT_IDS.join(', ')}`);
  const { provider, model, upstream } = await chooseProvider(ports, owner, agent, input.model);
  const task: Task = {
    id: ports.newId(),
    owner,
    appId: sandbox.appId,
    sandboxId: sandbox.id,
    nodeId: sandbox.nodeId,
    status: 'running',
    prompt: input.prompt,
    agent: agent.id,
    provider,
    model,
    timeoutSeconds: input.timeout_s === 0 ? DEFAULT_TASK_SECONDS : input.timeout_s,
    createdAt: ports.clock(),
  };
  const client = ports.nodes.client(sandbox.nodeId);
  // Before the node hears of it: whatever happens to the command, there is a row to tell what became of the task.
  await ports.store.commit({ kind: 'task.insert', task });
  try {
    await client.tasks(sandbox.id).submit({ ...assignmentOf(task, input.continue), upstream });
  } catch (error) {
    if (isRefusal(error)) await ports.store.commit({ kind: 'task.withdraw', owner, id: task.id });
    throw error;
  }
  return task;
}

const assignmentOf = (task: Task, resumes: boolean): Omit<TaskOrder, 'upstream'> => ({
  id: task.id,
  prompt: task.prompt,
  agent: task.agent,
  provider: task.provider,
  ...(task.model !== undefined && { model: task.model }),
  timeout_s: task.timeoutSeconds,
  continue: resumes,
});

/** Whether the node has said no. One that does not answer may have begun. */
const isRefusal = (error: unknown): boolean =>
  error instanceof SandboxdError && error.code !== 'node_unavailable';

/**
 * Returns once the task is on its way to its end.
 * @throws not_found, conflict for a task that has ended, node_unavailable
 */
export async function cancelTask(ports: Ports, owner: string, sandboxId: string, id: string): Promise<Task> {
  const task = await requireTask(ports, owner, id, sandboxId);
  if (task.status !== 'running') {
    throw new SandboxdError('conflict', `This task has ended already: ${task.status}.`);
  }
  try {
    await ports.nodes.client(task.nodeId).tasks(task.sandboxId).cancel(task.id);
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    throw new SandboxdError('conflict', 'This task has just ended: its result follows in a moment.', {
      cause: error,
    });
  }
  return task;
}

/**
 * Puts the app back to what it was before the task.
 * @param checkpointId goes back to this checkpoint of the sandbox instead: the one that a revert answers undoes it
 * @throws not_found also when the sandbox is gone, the task has no checkpoint, or that one is not kept; task_in_progress
 * while any task runs in the sandbox, sandbox_capacity, sandbox_unavailable, node_unavailable
 */
export async function revertTask(
  ports: Ports,
  owner: string,
  sandboxId: string,
  id: string,
  checkpointId?: string,
): Promise<Reverted> {
  const task = await requireTask(ports, owner, id, sandboxId);
  const { activeTaskId, nodeId } = await requireSandbox(ports, owner, sandboxId);
  if (activeTaskId !== undefined) throw taskInProgress(activeTaskId);
  const reverted = await ports.nodes.client(nodeId).tasks(task.sandboxId).revert(task.id, checkpointId);
  await ports.store.commit(revertEvent(ports, task, reverted, checkpointId));
  return reverted;
}

function revertEvent(ports: Ports, task: Task, { files_changed }: Reverted, checkpointId?: string): Change {
  const count = files_changed.length;
  const where = checkpointId === undefined ? 'what it was before a task' : 'a checkpoint';
  const what = count === 0 ? 'nothing' : `${count} ${count === 1 ? 'file' : 'files'}`;
  return recorded(ports, 'task.reverted', {
    owner: task.owner,
    ...(task.appId !== undefined && { appId: task.appId }),
    sandboxId: task.sandboxId,
    taskId: task.id,
    message: `The app was put back to ${where}: ${what} changed.`,
    payload: { files_changed: count },
  });
}

/**
 * A page of the tasks of a sandbox, the newest first, also of one that is gone.
 * @throws not_found for a sandbox that never was, or is gone and had no task
 */
export async function listTasks(
  ports: Ports,
  owner: string,
  sandboxId: string,
  query: { readonly limit: number; readonly before?: string },
): Promise<Task[]> {
  const tasks = await ports.store.tasks.list(owner, { ...query, sandboxId });
  if (tasks.length === 0) await requireKnownSandbox(ports, owner, sandboxId);
  return tasks;
}

async function requireKnownSandbox(ports: Ports, owner: string, sandboxId: string): Promise<void> {
  const [any] = await ports.store.tasks.list(owner, { sandboxId, limit: 1 });
  if (any === undefined) await requireSandbox(ports, owner, sandboxId);
}

/** The agent's raw transcript. @throws not_found, also once the sandbox is gone; node_unavailable */
export const readTaskLog = (
  ports: Ports,
  owner: string,
  sandboxId: string,
  id: string,
): Promise<Uint8Array> => readKept(ports, owner, sandboxId, id, 'log');

/** What the task changed, as a unified diff. @throws not_found, also once the sandbox is gone; node_unavailable */
export const readTaskDiff = (
  ports: Ports,
  owner: string,
  sandboxId: string,
  id: string,
): Promise<Uint8Array> => readKept(ports, owner, sandboxId, id, 'diff');

/** Reads what lies in the sandbox beside the app. */
async function readKept(
  ports: Ports,
  owner: string,
  sandboxId: string,
  id: string,
  what: 'log' | 'diff',
): Promise<Uint8Array> {
  const task = await requireTask(ports, owner, id, sandboxId);
  if ((await ports.store.sandboxes.find(owner, sandboxId)) === undefined) {
    throw new SandboxdError('not_found', `The sandbox of this task is gone, and the task's ${what} with it.`);
  }
  return ports.nodes.client(task.nodeId).tasks(task.sandboxId)[what](task.id);
}
