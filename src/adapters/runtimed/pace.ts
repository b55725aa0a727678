import { pause } from '../../domain/pause.ts';

/** Shorter pauses cost more than they spare. */
const SHORTEST_PAUSE_MS = 10;

export interface Pace {
  /** So many at once, however fast they come. */
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * The same values, no faster than a pace. What comes too fast waits in the sandbox's own socket: reading it costs the
 * whole node's time. Ends without an error when the signal aborts in a pause.
 */
export async function* paced<T>(
  values: AsyncIterable<T>,
  { burst, perSecond }: Pace,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  let allowance = burst;
  let before = performance.now();
  for await (const value of values) {
    const now = performance.now();
    allowance = Math.min(burst, allowance + ((now - before) / 1000) * perSecond) - 1;
    before = now;
    yield value;
    if (allowance < 1) await pause(Math.max(1000 / perSecond, SHORTEST_PAUSE_MS), signal);
    if (signal.aborted) return;
  }
}
