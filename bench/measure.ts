import { setTimeout as pause } from 'node:timers/promises';
import { visit } from '../tests/harness/http.ts';

const POLL_MS = 5;
const LIMIT_MS = 60_000;

/** Asks again until it is so; what cannot be asked yet is not so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`It did not come up within ${LIMIT_MS / 1000} s.`);
    await pause(POLL_MS);
  }
}

export const answers = (url: string): Promise<void> => until(async () => (await visit(url)).status === 200);

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** How long something takes, in milliseconds. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** The value that so many of a hundred are not above. */
export const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil((values.length * percent) / 100) - 1] ?? 0;
