import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Filled, fillTimelines, RARE_TYPE } from '../../../tests/harness/timelines.ts';
import type { EventQuery } from '../../domain/store.ts';
import { FileSql } from './file.ts';
import { migrate } from './migrate.ts';
import { createStore } from './store.ts';

const EVENTS = 100_000;
const ROUNDS = 31;

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let database: FileSql;
let filled: Filled;
beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'depth-'));
  database = await FileSql.open(join(directory.path, 'sandboxd.db'));
  await migrate(database);
  filled = await fillTimelines(database, EVENTS);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await directory.remove();
});

const timeOf = async (act: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await act();
  return performance.now() - began;
};
const medianOf = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0;

/** A walk of what is above would take hundreds of times as long as a page. */
describe('A page far down is as near as the first one', () => {
  it.each([
    ['in a timeline', {}],
    ['of an app', { appId: 'app-1' }],
    ['of a rare type', { types: [RARE_TYPE] }],
    ['of an app and of some types', { appId: 'app-1', types: [RARE_TYPE, 'sandbox.started'] }],
  ] satisfies [string, Partial<EventQuery>][])('%s', async (_, query) => {
    const { events } = createStore(database);
    const { owner, ids } = filled;
    const page = (before?: string) => events.list(owner, { ...query, before, limit: 50 });
    const deep = ids[Math.floor(ids.length / 10)];
    expect(await page()).toHaveLength(50);
    expect((await page(deep)).length).toBeGreaterThan(5);
    // In turns: whatever else the machine does meanwhile, it does to both.
    const [near, far]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      near.push(await timeOf(() => page()));
      far.push(await timeOf(() => page(deep)));
    }
    expect(medianOf(far)).toBeLessThan(8 * medianOf(near) + 1);
  });
});
