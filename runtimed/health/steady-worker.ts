import type { ProcessState } from '../../src/domain/runtimed.ts';
import { type Changes, FOR_EVER } from '../changes.ts';

/**
 * Whether some process runs for `ms` milliseconds on end: one that has just been started may be about to crash. Looks
 * until one does, all are abandoned, or the signal aborts.
 */
export async function hasSteadyWorker(
  processes: () => readonly ProcessState[],
  changes: Changes,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  const seenAt = new Map<number, number>();
  while (!signal.aborted) {
    const { version } = changes;
    const now = performance.now();
    const states = processes();
    const running = new Set(
      states.flatMap(({ running, pid }) => (running && pid !== undefined ? [pid] : [])),
    );
    for (const pid of seenAt.keys()) if (!running.has(pid)) seenAt.delete(pid);
    for (const pid of running) if (!seenAt.has(pid)) seenAt.set(pid, now);
    const left = Math.min(...seenAt.values()) + ms - now;
    if (left <= 0) return true;
    if (states.every(({ abandoned }) => abandoned)) return false;
    await changes.after(version, Number.isFinite(left) ? left : FOR_EVER, signal);
  }
  return false;
}
