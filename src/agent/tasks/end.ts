import { isCode } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ids.ts';
import type { GateOpening } from '../../domain/provider-gate.ts';
import { parseTaskOutcome } from '../../domain/task-event.ts';
import type { TaskOutcome } from '../../domain/task.ts';
import type { Workspaces } from '../../domain/workspace.ts';
import type { TaskRecord } from './record.ts';

type Lost = Pick<TaskOutcome, 'status' | 'failure_reason' | 'error_message'>;

/** The end of a task of which its sandbox tells no more: what it did to the app is not known. */
export const unseenEnd = (record: TaskRecord, now: number, why: Lost): TaskOutcome => ({
  ...why,
  files_changed: [],
  build_status: 'skipped',
  preview_status_after: 'down',
  app_healthy: false,
  started_at: record.acceptedAt,
  finished_at: Math.max(now, record.acceptedAt),
});

export const lost = (message: string): Lost => ({
  status: 'failed',
  failure_reason: 'sandbox_unavailable',
  error_message: message,
});

/** The end of a task whose sandbox is at rest: what that had written down, or that it went away before. */
export async function writtenEnd(
  record: TaskRecord,
  workspaces: Pick<Workspaces, 'taskFile'>,
  clock: Clock,
): Promise<TaskOutcome> {
  const gone = (message: string) => unseenEnd(record, clock(), lost(message));
  try {
    const written = await workspaces.taskFile(record.sandboxId, record.id, 'result.json');
    const outcome = written && parseTaskOutcome(new TextDecoder().decode(written));
    return outcome ?? gone('The sandbox ended while the task ran.');
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    return gone('The sandbox was deleted while the task ran.');
  }
}

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
