/** Milliseconds: what is slow to answer must not hold up the page on which something can be done about it. */
export const PATIENCE_MS = 2000;

/** What is read, or undefined when it takes too long; what comes later is dropped. */
export async function inTime<T>(reading: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, PATIENCE_MS, undefined);
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
