/** Waits for a promise that never rejects, or until the signal aborts. */
export async function settledOr(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  await Promise.race([promise, aborted.promise]);
  signal.removeEventListener('abort', abort);
}
