import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FileSql } from '../src/adapters/libsql/file.ts';
import { migrate } from '../src/adapters/libsql/migrate.ts';
import { sql } from '../src/adapters/libsql/sql.ts';
import { createStore } from '../src/adapters/libsql/store.ts';
import type { EventQuery, Store } from '../src/domain/store.ts';
import { fillTimelines, type Filled, RARE_TYPE } from '../tests/harness/timelines.ts';
import { percentile, timed } from './measure.ts';
import { verdict } from './verdict.ts';

const EVENTS = 1_000_000;
const PAGE = 50;
const ROUNDS = 300;
/** Milliseconds, of 99 of 100 pages. */
const GOAL = 10;
/** How many times as long as the first page, by median, the deepest may take. */
const FLAT = 2;

/** How many of its owner's events are newer than the page begins, of all. */
const DEPTHS = [0, 0.1, 0.5, 0.9, 0.9999] as const;

/**
 * Pages of a timeline among a million events, at several depths, beside the cheapest there is: one row by its key. In
 * turns, so that what else the machine does falls on all alike.
 */
export async function run(): Promise<void> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'bench-'));
  await using database = await FileSql.open(join(directory.path, 'sandboxd.db'));
  await migrate(database);
  const filled = await fillTimelines(database, EVENTS);
  const store = createStore(database);
  const cases = [...casesOf(filled, store), ['one row by its key', () => floor(database, filled)] as const];
  const times = new Map(cases.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, act] of cases) {
      times.get(name)?.push(await timed(act));
      // As between requests: the driver lets go of what it made when the event loop turns.
      await nextTurn();
    }
  report(times);
}

type Case = readonly [name: string, act: () => Promise<unknown>];

function casesOf({ owner, appId, ids }: Filled, store: Store): Case[] {
  const queries = {
    timeline: {},
    'of an app': { appId },
    'of a rare type': { types: [RARE_TYPE] },
    'of 3 types, of an app': { appId, types: [RARE_TYPE, 'app.created', 'sandbox.started'] },
  } satisfies Record<string, Partial<EventQuery>>;
  return Object.entries(queries).flatMap(([name, query]) =>
    DEPTHS.map((depth): Case => {
      const before = depth === 0 ? undefined : ids[Math.floor(ids.length * (1 - depth))];
      const page = { ...query, before, limit: PAGE };
      return [`${name}, ${depth * 100} % deep`, () => store.events.list(owner, page)];
    }),
  );
}

const floor = (database: FileSql, { owner, ids }: Filled): Promise<unknown> =>
  database.read(
    sql`SELECT message FROM events WHERE owner = ${owner} AND id = ${ids[ids.length >> 1] ?? ''}`,
  );

function report(times: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, taken] of times) {
    const [half, most] = [percentile(taken, 50), percentile(taken, 99)];
    console.log(`${name.padEnd(40)} p50 ${half.toFixed(3)} ms  p99 ${most.toFixed(3)} ms`);
  }
  const pages = [...times].filter(([name]) => name.includes('deep'));
  const slowest = Math.max(...pages.map(([, taken]) => percentile(taken, 99)));
  console.log(verdict(`p99 of a page of ${PAGE} among ${EVENTS} events, in ms`, slowest, { most: GOAL }));
  const half = (depth: number) => percentile(times.get(`timeline, ${depth * 100} % deep`) ?? [], 50);
  const deepest = Math.max(...DEPTHS.slice(0, -1).map(half));
  console.log(verdict('the deepest page, times the first', deepest / half(0), { most: FLAT }));
}
