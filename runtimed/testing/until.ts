const POLL = 10;

/**
 * The first value that is there: waits for a condition by looking again and again.
 * @param look gives undefined, false, or throws while it is too early
 */
export async function until<T>(
  look: () => T | Promise<T>,
  limit = 8000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + limit;
  let failure: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  throw new Error(`It did not come about within ${limit} ms: ${look.toString()}`, { cause: failure });
}
