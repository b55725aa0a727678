import type { PreviewStatus } from '../../src/domain/runtimed.ts';
import type { Timings } from '../options.ts';
import type { ProbeOutcome } from './probe.ts';

/** One failed probe of an app that was ready may be a busy machine; this many are not. */
const FAILURES_TO_DOWN = 2;

/** What is remembered between probes. */
export interface Health {
  readonly status: PreviewStatus;
  /** Failed probes since the last good one. */
  readonly failures: number;
  readonly lastStatus?: number;
  /** Milliseconds since the epoch. */
  readonly checkedAt?: number;
}

/** What is known of the web process besides what it answers. */
export interface Liveness {
  readonly running: boolean;
  /** Milliseconds since its start. */
  readonly uptime: number;
}

/** Of a web process that has just been started, or is about to be. */
export const STARTING: Health = { status: 'starting', failures: 0 };
/** Of an app that has no web process. */
export const NONE: Health = { status: 'none', failures: 0 };

/**
 * The health after a probe. Whatever answers on the port counts, whichever process it is: the preview shows it. Between
 * its start and its first good answer an app is starting, until that takes too long.
 */
export function judge(
  before: Health,
  outcome: ProbeOutcome,
  web: Liveness,
  now: number,
  timings: Timings,
): Health {
  const seen = { checkedAt: now, ...(outcome.status !== undefined && { lastStatus: outcome.status }) };
  if (outcome.ok) return { ...seen, status: 'ready', failures: 0 };
  const failures = before.failures + 1;
  // What only its own sandbox can reach will not become reachable by waiting.
  if (outcome.isHidden === true) return { ...seen, failures, status: 'down' };
  return { ...seen, failures, status: statusAfterFailure(before.status, failures, web, timings) };
}

function statusAfterFailure(
  before: PreviewStatus,
  failures: number,
  web: Liveness,
  timings: Timings,
): PreviewStatus {
  if (!web.running) return 'down';
  if (before === 'ready') return failures < FAILURES_TO_DOWN ? 'ready' : 'down';
  if (before === 'starting' && web.uptime < timings.startingLimit) return 'starting';
  return 'down';
}

/** Whether its port is watched between probes. What is down may be so for days, and is left to them. */
export const isAwaited = ({ status }: Health): boolean => status === 'starting';

/** Milliseconds from the beginning of one probe to that of the next. */
export function probeInterval({ status, failures }: Health, timings: Timings): number {
  if (status === 'ready' && failures === 0) return timings.probeReady;
  return status === 'down' ? timings.probeDown : timings.probeStarting;
}
