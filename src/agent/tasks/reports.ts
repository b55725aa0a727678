import type { NodeReport, TaskEnd } from '../../domain/node.ts';
import type { TaskOutcome } from '../../domain/task.ts';
import { insist } from '../insist.ts';
import type { TaskKeeperContext } from './context.ts';
import type { TaskNotes, TaskRecord } from './record.ts';

type Context = Pick<TaskKeeperContext, 'ports' | 'outbox' | 'changed'>;

/** What makes the report of a task's end one and the same. */
export const endKey = (taskId: string): string => `task:${taskId}:ended`;

/** That its sandbox has taken a task on. */
export async function reportStart({ ports, outbox }: Context, record: TaskRecord): Promise<void> {
  const { id, sandboxId, assignment } = record;
  await outbox.add(`task:${id}:started`, {
    at: ports.clock(),
    sandboxId,
    taskId: id,
    type: 'task.started',
    severity: 'info',
    message: `A task for ${assignment.agent} was started.`,
    payload: { agent: assignment.agent },
  });
}

/**
 * What a task came to, in place of its record. Returns once that is on its way to the API, or the signal aborts: the
 * record stays then, for the next start of the node.
 */
export async function reportEnd(
  context: Context,
  notes: TaskNotes,
  outcome: TaskOutcome,
  signal: AbortSignal,
): Promise<void> {
  await insist(
    () => handOver(context, notes, outcome),
    (error) => {
      const { log } = context.ports;
      log.error('the end of a task could not be reported yet', error, { taskId: notes.record.id });
    },
    signal,
  );
}

async function handOver(context: Context, notes: TaskNotes, outcome: TaskOutcome): Promise<void> {
  const { ports, outbox, changed } = context;
  const { id, sandboxId, usage } = notes.record;
  for (const report of endReports({ outcome, usage })) {
    const key = report.ended === undefined ? `task:${id}:${report.type}` : endKey(id);
    await outbox.add(key, { at: ports.clock(), sandboxId, taskId: id, ...report });
  }
  await notes.remove();
  changed();
}

type Draft = Pick<NodeReport, 'type' | 'severity' | 'message' | 'payload' | 'ended'>;

/** What is reported of a task's end, the end itself last. */
function endReports({ outcome, usage }: TaskEnd): Draft[] {
  const build: Draft = {
    type: 'task.build.failed',
    severity: 'warning',
    message: 'The app does not build after the task.',
    payload: { reason: 'build_failed', has_build_error: outcome.build_error_message !== undefined },
  };
  return [
    ...(outcome.build_status === 'failed' ? [build] : []),
    { ...endReport(outcome), ended: { outcome, usage } },
  ];
}

function endReport(outcome: TaskOutcome): Draft {
  const { status, failure_reason = 'internal', error_message } = outcome;
  const payload = { failure_reason, has_error: error_message !== undefined };
  if (status === 'cancelled') {
    return { type: 'task.failed', severity: 'info', message: 'The task was cancelled.', payload };
  }
  if (status === 'failed') {
    return { type: 'task.failed', severity: 'error', message: FAILURES[failure_reason], payload };
  }
  const files = outcome.files_changed.length;
  return {
    type: 'task.completed',
    severity: 'info',
    message: `The task was completed: ${files} ${files === 1 ? 'file' : 'files'} changed.`,
    payload: {
      files_changed: files,
      duration_ms: Math.max(outcome.finished_at - outcome.started_at, 0),
      build_ok: outcome.build_status === 'passed',
    },
  };
}

/** Without the words of agent or provider, which stay in the result. */
const FAILURES: Record<NonNullable<TaskOutcome['failure_reason']>, string> = {
  agent_timeout: 'The task failed: the agent ran out of time.',
  agent_error: 'The task failed: the agent gave up.',
  provider_error: 'The task failed: the provider of its model turned it away.',
  sandbox_unavailable: 'The task failed: its sandbox went away.',
  internal: 'The task failed for a reason of ours.',
  cancelled: 'The task was cancelled.',
};
