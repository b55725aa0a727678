import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  contentOf,
  keep,
  manifestOf,
  snapshotStoreContract,
} from '../../../../tests/contracts/snapshot-store.contract.ts';
import { ulidSource } from '../../../domain/ids.ts';
import type { S3Snapshots } from './store.ts';
import { type BucketWorld, LARGE, makeBucketWorld } from './testing/world.ts';

const newId = ulidSource();

snapshotStoreContract('An S3 bucket', async () => {
  const world = await makeBucketWorld();
  const store = await world.opened();
  return {
    store,
    reopened: () => world.opened(),
    leftovers: () => world.leftovers(store),
    held: () => world.server.held,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});

let world: BucketWorld;
beforeEach(async () => {
  world = await makeBucketWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const expectWhole = async (store: S3Snapshots, id: string) => {
  const { manifest, archive } = await store.get(id);
  const { sha256, sizeBytes } = manifestOf(id, await bytesOf(archive));
  expect(manifest).toMatchObject({ id, sha256, sizeBytes });
};

describe('Snapshots in an S3-compatible store', () => {
  it.each(['refused', 'cut', 'lost'] as const)(
    'are there whichever one of the requests is %s',
    async (fate) => {
      await keep(await world.opened({ node: 'measured' }), newId(), LARGE);
      const count = world.server.requests.length;
      expect(count).toBeGreaterThan(5);
      for (let at = 1; at <= count; at += 1) {
        const id = newId();
        const until = world.server.requests.length + at;
        world.server.fate = () => (world.server.requests.length === until ? fate : 'served');
        const store = await world.opened();
        const { content } = await keep(store, id, LARGE);
        world.server.fate = () => 'served';
        expect((await bytesOf((await store.get(id)).archive)).equals(content)).toBe(true);
        expect(await world.leftovers(store)).toEqual([]);
        await store.remove(id);
      }
      expect(world.pauses).toHaveLength(count);
    },
  );
});

describe('A snapshot store that goes away during an upload', () => {
  it.each(['cut', 'lost'] as const)(
    'has nothing that is not whole, and the node clears up with its next snapshot (%s)',
    async (fate) => {
      await keep(await world.opened({ node: 'measured' }), newId(), LARGE);
      const count = world.server.requests.length;
      for (let at = 1; at <= count; at += 1) {
        const id = newId();
        const from = world.server.requests.length + at;
        world.server.fate = () => (world.server.requests.length >= from ? fate : 'served');
        await expect(keep(await world.opened(), id, LARGE)).rejects.toMatchObject({ code: 'unavailable' });
        world.server.fate = () => 'served';
        const store = await world.opened();
        const there = await store.list();
        if (there.includes(id)) await expectWhole(store, id);
        const next = newId();
        await keep(store, next, 10);
        expect(await store.list()).toEqual([...there, next]);
        expect(await world.leftovers(store)).toEqual([]);
        await keep(store, id, 1000);
        await expectWhole(store, id);
        await store.remove(id);
      }
    },
  );

  it('keeps what another node is uploading', async () => {
    const id = newId();
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const content = contentOf(2 * LARGE);
    const slow = (async function* () {
      yield content.subarray(0, LARGE);
      reached.resolve();
      await goOn.promise;
      yield content.subarray(LARGE);
    })();
    const store = await world.opened();
    const putting = store.put(id, slow, () => manifestOf(id, content));
    await reached.promise;
    expect(await world.server.uploads()).toHaveLength(1);
    await keep(await world.opened({ node: 'other' }), newId(), 10);
    await keep(store, newId(), 10);
    goOn.resolve();
    await putting;
    await expectWhole(store, id);
  });

  it('says so to who is reading', async () => {
    const store = await world.opened();
    const id = newId();
    await keep(store, id, LARGE);
    const { archive } = await store.get(id);
    const reading = (async () => {
      for await (const _ of archive) world.server.hangUp();
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('does not answer'),
    });
  });
});
