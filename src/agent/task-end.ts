import type { NodeReport, TaskEnd } from '../domain/node.ts';
import type { GateOpening } from '../domain/provider-gate.ts';
import type { TaskOutcome } from '../domain/task.ts';
import type { TaskRecord } from './task-record.ts';

type Lost = Pick<TaskOutcome, 'status' | 'failure_reason' | 'error_message'>;

/** The end of a task of which its sandbox tells no more: what it did to the app is not known. */
export const unseenEnd = (record: TaskRecord, now: number, why: Lost): TaskOutcome => ({
  ...why,
  files_changed: [],
  build_status: 'skipped',
  preview_status_after: 'down',
  app_healthy: false,
  started_at: record.acceptedAt,
  finished_at: now,
});

export const lost = (message: string): Lost => ({
  status: 'failed',
  failure_reason: 'sandbox_unavailable',
  error_message: message,
});

/**
 * An outcome with what the node knows better than the sandbox: why the provider turned the agent away, or what it was
 * waiting for.
 */
export function completed(
  outcome: TaskOutcome,
  refusal: string | undefined,
  { trouble, failure }: Partial<Pick<GateOpening, 'trouble' | 'failure'>> = {},
): TaskOutcome {
  // An agent whose last request failed gave up because of that, after as many tries as it thinks right.
  const reason = refusal ?? failure;
  if (outcome.failure_reason === 'agent_error' && reason !== undefined) {
    return { ...outcome, failure_reason: 'provider_error', error_message: reason };
  }
  if (outcome.failure_reason === 'agent_timeout' && trouble !== undefined) {
    return {
      ...outcome,
      error_message: `${outcome.error_message ?? 'The agent ran out of time.'} ${trouble}`,
    };
  }
  return outcome;
}

type Draft = Pick<NodeReport, 'type' | 'severity' | 'message' | 'payload' | 'ended'>;

/** What is reported of a task's end, the end itself last. */
export function endReports({ outcome, usage }: TaskEnd): Draft[] {
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
      duration_ms: outcome.finished_at - outcome.started_at,
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
