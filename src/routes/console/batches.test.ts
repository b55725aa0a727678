import { expect, it } from 'vitest';
import { inBatches } from './batches.ts';

const LONG_MS = 60_000;

async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

async function* count(to: number): AsyncGenerator<number> {
  for (let n = 1; n <= to; n += 1) yield n;
}

/** One value, then whatever comes of the promise. */
async function* oneThen(later: Promise<number>): AsyncGenerator<number> {
  yield 1;
  yield await later;
}

it.each([
  [0, []],
  [3, [[1, 2, 3]]],
])('gathers what comes together: %d values', async (to, batches) => {
  expect(await collect(inBatches(count(to), LONG_MS))).toEqual(batches);
});

it('does not wait for what comes later', async () => {
  const later = Promise.withResolvers<number>();
  const batches = inBatches(oneThen(later.promise), 1);
  expect((await batches.next()).value).toEqual([1]);
  later.resolve(2);
  expect((await batches.next()).value).toEqual([2]);
  expect((await batches.next()).done).toBe(true);
});

it('gives what came before a failure, then fails', async () => {
  const batches = inBatches(oneThen(Promise.reject(new Error('gone'))), LONG_MS);
  expect((await batches.next()).value).toEqual([1]);
  await expect(batches.next()).rejects.toThrow('gone');
});

it('takes only so many at once', async () => {
  const batches = await collect(inBatches(count(2500), LONG_MS));
  expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 500]);
  expect(batches.flat()).toHaveLength(2500);
});
