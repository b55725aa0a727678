import type { EventPayload, EventType, Severity, StopReason } from '../domain/event.ts';
import type { Records, SandboxRecord, StartCause } from './records.ts';

/** What is told of a change to a sandbox. */
export interface LifecycleReport {
  readonly type: EventType;
  readonly message: string;
  readonly severity?: Severity;
  readonly payload?: EventPayload;
}

export const startReport = (cause: StartCause): LifecycleReport =>
  cause === 'wake'
    ? { type: 'sandbox.woken', message: 'The sandbox woke up for a visitor.' }
    : { type: 'sandbox.started', message: 'The sandbox was started.' };

const STOP_MESSAGES: Record<StopReason, string> = {
  user: 'The sandbox was stopped.',
  idle: 'The sandbox went to sleep: nobody used it.',
  pressure: 'The sandbox was put to sleep to free memory.',
  shutdown: 'The sandbox was stopped with its node.',
  crash: 'The sandbox ended unexpectedly.',
  restore: 'The sandbox was stopped: a snapshot takes its place.',
};

export const stopReport = (reason: StopReason): LifecycleReport => ({
  type: 'sandbox.stopped',
  severity: reason === 'crash' ? 'warning' : 'info',
  message: STOP_MESSAGES[reason],
  payload: { reason },
});

/** What a deletion says: one that was to take another's place, and never did, takes nothing of the app with it. */
export function deletionReport(
  { order: { replaces } }: SandboxRecord,
  records: Pick<Records, 'get'>,
): LifecycleReport {
  const type = 'sandbox.deleted';
  if (replaces === undefined) return { type, message: 'The sandbox and its workspace were deleted.' };
  const taken = "The sandbox that was to take the place of the app's own was taken away again.";
  const other = records.get(replaces.sandboxId);
  const isKept = other !== undefined && other.order.desired !== 'absent';
  return { type, message: isKept ? `${taken} The app is as it was.` : taken };
}
