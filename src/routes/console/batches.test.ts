import { expect, it } from 'vitest';
import { inBatches } from './batches.ts';

const LONG_MS = 60_000;

async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

it('gathers what comes together', async () => {
  async function* values() {
    yield* [1, 2, 3];
  }
  expect(await collect(inBatches(values(), LONG_MS))).toEqual([[1, 2, 3]]);
});

it('does not wait for what comes later', async () => {
  const later = Promise.withResolvers<number>();
  async function* values() {
    yield 1;
    yield await later.promise;
  }
  const batches = inBatches(values(), 1);
  expect((await batches.next()).value).toEqual([1]);
  later.resolve(2);
  expect((await batches.next()).value).toEqual([2]);
  expect((await batches.next()).done).toBe(true);
});

it('gives what came before a failure, then fails', async () => {
  async function* values() {
    yield 1;
    throw new Error('gone');
  }
  const batches = inBatches(values(), LONG_MS);
  expect((await batches.next()).value).toEqual([1]);
  await expect(batches.next()).rejects.toThrow('gone');
});

it('gives nothing of nothing', async () => {
  async function* values(): AsyncGenerator<number> {}
  expect(await collect(inBatches(values(), LONG_MS))).toEqual([]);
});

it('takes only so many at once', async () => {
  async function* values() {
    for (let n = 0; n < 2500; n += 1) yield n;
  }
  const batches = await collect(inBatches(values(), LONG_MS));
  expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 500]);
  expect(batches.flat()).toHaveLength(2500);
});
