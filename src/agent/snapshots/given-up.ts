import { inTime, orAborted } from '../../domain/pause.ts';

/** How long a store may take to clear away what it has begun, once that is given up. */
const CLEARING_MS = 2000;

/**
 * What a store answers, unless the signal aborts before. One that does not answer at all then keeps neither a sandbox's lock
 * nor the end of the node: what it has begun it clears away itself, later.
 * @throws what the store throws, or the signal's reason
 */
export async function unlessGivenUp<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  await orAborted(answer, signal);
  if (signal.aborted) await inTime(answer, CLEARING_MS);
  signal.throwIfAborted();
  return answer;
}
