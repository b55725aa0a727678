import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  inItself,
  keep,
  snapshotStoreContract,
} from '../../../tests/contracts/snapshot-store.contract.ts';
import { MemorySnapshots } from '../../../tests/fakes/memory-snapshots.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { ulidSource } from '../../domain/ids.ts';
import { LocalSnapshots } from './local.ts';
import { WithEarlier } from './with-earlier.ts';

const newId = ulidSource();

snapshotStoreContract('A store with an earlier one', () =>
  inItself(new WithEarlier(new MemorySnapshots({ isShared: true }), new MemorySnapshots())),
);

describe('What a node kept on its disk before it had another store', () => {
  let temporary: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let chosen: MemorySnapshots;
  let store: WithEarlier;
  let before: LocalSnapshots;
  let id: string;
  let kept: Awaited<ReturnType<typeof keep>>;

  beforeEach(async () => {
    temporary = await mkdtempDisposable(join(tmpdir(), 'snapshots-'));
    before = new LocalSnapshots(temporary.path);
    await before.open();
    id = newId();
    kept = await keep(before, id, 1000);
    chosen = new MemorySnapshots({ isShared: true });
    store = new WithEarlier(chosen, new LocalSnapshots(temporary.path));
    await store.open();
  });
  afterEach(() => temporary.remove());

  it('is found and read, beside what is kept in that one', async () => {
    const other = newId();
    await keep(store, other, 10);
    expect(await store.find(id)).toEqual(kept.manifest);
    expect((await bytesOf((await store.get(id)).archive)).equals(kept.content)).toBe(true);
    expect((await store.list()).toSorted()).toEqual([id, other].toSorted());
  });

  it('is this node’s alone; what is kept from then on is shared', async () => {
    const other = newId();
    await keep(store, other, 10);
    expect(store.isShared).toBe(true);
    expect(await store.own.list()).toEqual([id]);
    expect(await chosen.list()).toEqual([other]);
  });

  it('is removed from the disk, and a copy of it as well', async () => {
    await keep(chosen, id, 10);
    expect(await store.list()).toEqual([id]);
    await store.remove(id);
    expect(await before.list()).toEqual([]);
    expect(await chosen.list()).toEqual([]);
  });

  it('is not kept a second time', async () => {
    await keep(store, id, 20);
    expect(await chosen.list()).toEqual([]);
    expect(await store.find(id)).toEqual(kept.manifest);
  });

  it('is there while the other store is away', async () => {
    chosen.failure = new SandboxdError('unavailable', 'The snapshot store does not answer.');
    expect((await bytesOf((await store.get(id)).archive)).equals(kept.content)).toBe(true);
    await expect(store.find(newId())).rejects.toThrow('does not answer');
  });
});
