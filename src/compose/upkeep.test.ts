import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../tests/fakes/api-world.ts';
import { anAuditEntry, anEvent } from '../../tests/fakes/rows.ts';
import { ulidSource } from '../domain/ids.ts';
import type { Change, Store } from '../domain/store.ts';
import { upkeep } from '../domain/upkeep.ts';
import { startUpkeep } from './upkeep.ts';

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const OWNERS = ['acme', 'rival'];
const never = new AbortController().signal;

/** Events and audit entries of each owner, as old as they say. */
async function withHistory(world: ApiWorld, daysAgo: readonly number[]): Promise<void> {
  const changes = daysAgo.flatMap((days): Change[] => {
    const at = world.time.clock() - days * DAY;
    const newId = ulidSource(() => at);
    return OWNERS.flatMap((owner): Change[] => [
      { kind: 'event', event: anEvent({ id: newId(), owner, createdAt: at }) },
      { kind: 'audit', entry: anAuditEntry({ id: newId(), owner, at }) },
    ]);
  });
  await world.ports.store.commit(...changes);
}

const left = async ({ ports: { store } }: ApiWorld) => {
  const audit = await store.audit.list({ limit: 5000 });
  const events = await Promise.all(OWNERS.map((owner) => store.events.list(owner, { limit: 5000 })));
  return { audit: audit.length, events: events.map(({ length }) => length) };
};

/** Everything that is committed. */
function watched(store: Store): { store: Store; commits: (readonly Change[])[] } {
  const commits: (readonly Change[])[] = [];
  const commit: Store['commit'] = (...changes) => {
    commits.push(changes);
    return store.commit(...changes);
  };
  return { store: { ...store, commit }, commits };
}

describe('upkeep', () => {
  it('drops history that is older than it is kept, and keeps the rest', async () => {
    const world = apiWorld({ eventRetentionDays: 30 });
    await withHistory(world, [400, 31, 29, 0]);
    await upkeep(world.ports, never);
    expect(await left(world)).toEqual({ audit: 4, events: [2, 2] });
  });

  it('keeps all of it where it is kept for ever', async () => {
    const world = apiWorld({ eventRetentionDays: 0 });
    await withHistory(world, [4000, 0]);
    await upkeep(world.ports, never);
    expect(await left(world)).toEqual({ audit: 4, events: [2, 2] });
  });

  it('goes on in small steps until nothing is left, and begins none once it is to end', async () => {
    const world = apiWorld({ eventRetentionDays: 1 });
    await withHistory(
      world,
      Array.from({ length: 1001 }, () => 2),
    );
    const { store, commits } = watched(world.ports.store);
    const ended = AbortSignal.abort();
    await upkeep({ ...world.ports, store }, ended);
    expect((await left(world)).events).toEqual([1001, 1001]);
    await upkeep({ ...world.ports, store }, never);
    const steps = commits.flat().filter(({ kind }) => kind === 'history.expire');
    expect(steps).toHaveLength(2);
    expect(await left(world)).toEqual({ audit: 0, events: [0, 0] });
  });

  it('forgets requests by a key after a day, and not before', async () => {
    const world = apiWorld();
    const { store } = world.ports;
    const request = { owner: 'acme', key: 'k', sealedRequest: 's', createdAt: world.time.clock() };
    await store.commit({ kind: 'idempotency.claim', request, since: 0 });
    world.advance(DAY);
    await upkeep(world.ports, never);
    expect(await store.idempotency.find('acme', 'k', 0)).toBeDefined();
    world.advance(1);
    await upkeep(world.ports, never);
    expect(await store.idempotency.find('acme', 'k', 0)).toBeUndefined();
  });

  it('forgets sessions that have expired', async () => {
    const world = apiWorld();
    const now = world.time.clock();
    const session = { hash: 'h', owner: 'acme', createdAt: now, expiresAt: now + HOUR };
    await world.ports.store.commit({ kind: 'session.insert', session });
    await upkeep(world.ports, never);
    expect(await world.ports.store.identity.session('h')).toBeDefined();
    world.advance(2 * HOUR);
    await upkeep(world.ports, never);
    expect(await world.ports.store.identity.session('h')).toBeUndefined();
  });
});

const settled = async (world: ApiWorld) => expect.poll(() => world.time.pauses).toEqual([HOUR]);

describe('a server', () => {
  it('does it at once, and every hour until it ends', async () => {
    const world = apiWorld({ eventRetentionDays: 30 });
    await withHistory(world, [31]);
    const running = startUpkeep(world.ports);
    await settled(world);
    expect((await left(world)).events).toEqual([0, 0]);
    await withHistory(world, [31]);
    world.advance(HOUR - 1);
    await setImmediate();
    expect((await left(world)).events).toEqual([1, 1]);
    world.advance(1);
    await settled(world);
    expect((await left(world)).events).toEqual([0, 0]);
    await running[Symbol.asyncDispose]();
    expect(world.time.pauses).toEqual([]);
  });

  it('tries again an hour after it failed, and says so', async () => {
    const world = apiWorld({ eventRetentionDays: 30 });
    await withHistory(world, [31]);
    let isBroken = true;
    const { store } = world.ports;
    const commit: Store['commit'] = async (...changes) => {
      if (isBroken) throw new Error('the disk is full');
      return store.commit(...changes);
    };
    await using _running = startUpkeep({ ...world.ports, store: { ...store, commit } });
    await settled(world);
    expect(world.logged).toMatchObject([{ level: 'error', cause: new Error('the disk is full') }]);
    isBroken = false;
    world.advance(HOUR);
    await settled(world);
    expect((await left(world)).events).toEqual([0, 0]);
  });

  it('never begins a second one beside it, and waits for the one under way when it ends', async () => {
    const world = apiWorld({ eventRetentionDays: 30 });
    const held = Promise.withResolvers<void>();
    let begun = 0;
    const commit: Store['commit'] = async () => {
      begun += 1;
      await held.promise;
    };
    const running = startUpkeep({ ...world.ports, store: { ...world.ports.store, commit } });
    world.advance(5 * HOUR);
    await setImmediate();
    expect(begun).toBe(1);
    let isOver = false;
    const over = (async () => {
      await running[Symbol.asyncDispose]();
      isOver = true;
    })();
    await setImmediate();
    expect(isOver).toBe(false);
    held.resolve();
    await over;
    expect(begun).toBe(1);
  });
});
