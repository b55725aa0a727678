import type { EventPayload, EventType, Severity, StopReason } from '../domain/event.ts';
import type { StartCause } from './records.ts';

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
