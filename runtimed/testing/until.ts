import { PATIENT } from './patience.ts';

/**
 * The first value that is there: waits for a condition by looking again and again.
 * @param look gives undefined, false, or throws while it is too early
 */
export async function until<T>(look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + PATIENT.timeout;
  let failure: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, PATIENT.interval));
  }
  throw new Error(`It did not come about within ${PATIENT.timeout} ms: ${look.toString()}`, {
    cause: failure,
  });
}
