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

/** The same for what a store answers piece by piece. */
export async function* bytesUnlessGivenUp(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessGivenUp(iterator.next(), signal);
      if (done === true) return;
      yield value;
    }
  } finally {
    await inTime(Promise.resolve(iterator.return?.()), CLEARING_MS);
  }
}
