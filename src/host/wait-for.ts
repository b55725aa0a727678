import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until there is an answer.
 * @param deadlineMs from now
 * @returns undefined when there was none in time
 * @throws the signal's reason when that aborts, and whatever the question throws
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  { deadlineMs, pollMs = 100, signal }: { deadlineMs: number; pollMs?: number; signal: AbortSignal },
): Promise<T | undefined> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= deadline) return undefined;
    // The signal's own reason tells more than the timer's.
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
