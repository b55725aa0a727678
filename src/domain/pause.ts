/** Resolves after `ms` milliseconds, or as soon as the signal aborts. Never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = (ms, signal) =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, signal.aborted ? 0 : ms);
    signal.addEventListener('abort', done);
  });

/** Resolves when the work is done or the signal aborts, whichever comes first. @throws what the work throws until then */
export async function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.resolve();
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** What a promise comes to, or undefined when that takes longer than `ms` milliseconds. */
export async function inTime<T>(
  promise: Promise<T>,
  ms: number,
  wait: Pause = pause,
): Promise<T | undefined> {
  if (ms === Infinity) return promise;
  const settled = new AbortController();
  try {
    return await Promise.race([promise, wait(ms, settled.signal).then(() => undefined)]);
  } finally {
    settled.abort();
  }
}
