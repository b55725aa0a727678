import { isCode, SandboxdError } from './errors.ts';
import type { Ports } from './ports.ts';
import { requireTask } from './require.ts';
import type { Task, TaskEvent } from './task.ts';

/** What a follower of a task is told: what its sandbox tells, and at the end the task as the API knows it. */
export type FollowedEvent =
  | Exclude<TaskEvent, { type: 'done' }>
  | { readonly type: 'done'; readonly seq: number; readonly at: number; readonly data: Task };

/** How long the report of a task's end may be on its way, in milliseconds. */
const REPORT_MS = 10_000;
/** Between looks for it, in milliseconds. */
const FIRST_LOOK_MS = 25;
const LONGEST_LOOK_MS = 500;

/**
 * The events of a task after `since`, then every new one; the last is `done`. A task whose sandbox is gone has only that
 * one left. Nothing follows for who has seen `done` already, as long as the sandbox still knows its number.
 *
 * Ends early, without an error, when the signal aborts.
 * @throws not_found; node_unavailable and sandbox_unavailable while the task runs; unavailable when its end was told and
 * its result does not arrive. Who comes back with the last number misses nothing
 */
export async function* taskEvents(
  ports: Ports,
  owner: string,
  sandboxId: string,
  taskId: string,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent, void, undefined> {
  const task = await requireTask(ports, owner, taskId, sandboxId);
  let last = since;
  for await (const event of toldByNode(ports, task, since, signal)) {
    if (event.type === 'done' && event.seq <= since) return;
    if (event.type === 'done') break;
    if (event.seq <= since) continue;
    last = event.seq;
    yield event;
  }
  const ended = await settled(ports, task, signal);
  if (ended?.outcome === undefined) return;
  yield { type: 'done', seq: last + 1, at: ended.outcome.finished_at, data: ended };
}

/** The events from number `since` on. What the node no longer has is their end, and so is a failure after the task's. */
async function* toldByNode(
  ports: Ports,
  task: Task,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<TaskEvent, void, undefined> {
  if ((await ports.store.sandboxes.find(task.owner, task.sandboxId)) === undefined) return;
  try {
    // The last one seen as well: that it was `done` is how one learns that nothing follows.
    const from = Math.max(since - 1, 0);
    yield* ports.nodes.client(task.nodeId).tasks(task.sandboxId).events(task.id, from, signal);
  } catch (error) {
    if (signal.aborted || isCode(error, 'not_found')) return;
    if (error instanceof SandboxdError && error.retryable && (await hasEnded(ports, task))) return;
    throw error;
  }
}

async function hasEnded(ports: Ports, { owner, id }: Task): Promise<boolean> {
  const task = await ports.store.tasks.find(owner, id);
  return task !== undefined && task.status !== 'running';
}

/** The task once it has ended: the row learns of it by the node's report, a moment after who follows. */
async function settled(ports: Ports, { owner, id }: Task, signal: AbortSignal): Promise<Task | undefined> {
  const giveUp = ports.clock() + REPORT_MS;
  for (let look = FIRST_LOOK_MS; !signal.aborted; look = Math.min(look * 2, LONGEST_LOOK_MS)) {
    const task = await requireTask(ports, owner, id);
    if (task.status !== 'running') return task;
    if (ports.clock() >= giveUp) throw unreported();
    await ports.pause(look, signal);
  }
  return undefined;
}

const unreported = () =>
  new SandboxdError(
    'unavailable',
    'The result of this task has not arrived yet. Follow its events again in a moment.',
  );
