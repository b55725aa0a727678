import type { TaskEnd } from './node.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Change, RunningTask } from './store.ts';
import { NO_USAGE } from './task.ts';

/** How long a task may be on its way to its node, in milliseconds. */
const SUBMISSION_MS = 60_000;

/**
 * Ends every task that should be running on a node and that the node is not, or no longer, concerned with: a submission
 * that got lost, or a node that lost its disk. Reports of the same sync must have been taken over before.
 * @param known the tasks the node is not done with
 */
export async function endLostTasks(ports: Ports, nodeId: string, known: ReadonlySet<string>): Promise<void> {
  const running = await ports.store.tasks.runningOn(nodeId);
  const before = ports.clock() - SUBMISSION_MS;
  const lost = running.filter(({ id, createdAt }) => createdAt < before && !known.has(id));
  for (const task of lost) await ports.store.commit(...(await lossOf(ports, task)));
}

async function lossOf(ports: Ports, task: RunningTask): Promise<Change[]> {
  const events = await ports.store.events.list(task.owner, { taskId: task.id, limit: 1 });
  const message = events.length === 0 ? 'The task never reached its node.' : 'The node lost the task.';
  const { owner, appId, sandboxId } = task;
  return [
    { kind: 'task.end', nodeId: task.nodeId, id: task.id, end: lossEnd(task, message, ports.clock()) },
    recorded(ports, 'task.failed', {
      owner,
      appId,
      sandboxId,
      taskId: task.id,
      severity: 'error',
      message,
      payload: { failure_reason: 'sandbox_unavailable', has_error: true },
    }),
  ];
}

/** Nobody knows what became of the app: nothing good is claimed of it. */
const lossEnd = (task: RunningTask, message: string, now: number): TaskEnd => ({
  outcome: {
    status: 'failed',
    failure_reason: 'sandbox_unavailable',
    error_message: message,
    files_changed: [],
    build_status: 'skipped',
    preview_status_after: 'down',
    app_healthy: false,
    started_at: task.createdAt,
    finished_at: Math.max(now, task.createdAt),
  },
  usage: NO_USAGE,
});
