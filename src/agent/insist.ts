import { pause } from '../domain/pause.ts';

/** Between attempts: a disk that is full may be cleared, an engine that is away may come back. */
const RETRY_MS = 1000;

/**
 * Does what must be done, as often as it takes. Returns once it is, or when the signal aborts after a failed attempt:
 * there always is one.
 * @param onFailure told of each failed attempt. Must not throw
 */
export async function insist(
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      onFailure(error);
    }
    if (signal.aborted) return;
    await pause(RETRY_MS, signal);
  }
}
