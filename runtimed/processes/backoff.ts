import type { Timings } from '../options.ts';

/** So many exits soon after their start, in a row, and a process is left alone. */
const QUICK_EXITS = 5;

/** What is remembered of a process's crashes. */
export interface CrashHistory {
  /** Milliseconds to wait after the next exit. */
  readonly nextDelay: number;
  readonly quickExits: number;
}

export type Verdict =
  | { readonly kind: 'restart'; readonly delay: number; readonly history: CrashHistory }
  | { readonly kind: 'abandon' };

export const noCrashes = (timings: Timings): CrashHistory => ({
  nextDelay: timings.firstRestart,
  quickExits: 0,
});

/**
 * What to do about an exit that nobody asked for: wait twice as long as the last time, from the beginning after a
 * healthy while, and give up on what keeps falling over at once.
 * @param uptime milliseconds from the start to the exit
 */
export function afterExit(history: CrashHistory, uptime: number, timings: Timings): Verdict {
  const before = uptime >= timings.healthy ? noCrashes(timings) : history;
  const quickExits = uptime < timings.quickExit ? before.quickExits + 1 : 0;
  if (quickExits >= QUICK_EXITS) return { kind: 'abandon' };
  const nextDelay = Math.min(before.nextDelay * 2, timings.longestRestart);
  return { kind: 'restart', delay: before.nextDelay, history: { nextDelay, quickExits } };
}
