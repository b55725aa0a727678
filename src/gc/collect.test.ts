import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MemorySnapshots } from '../../tests/fakes/memory-snapshots.ts';
import { quietLogger } from '../../tests/fakes/quiet-logger.ts';
import { newId } from '../../tests/fakes/rows.ts';
import { WithEarlier } from '../adapters/snapshots/with-earlier.ts';
import { SandboxdError } from '../domain/errors.ts';
import type { Garbage, GarbageSource } from '../domain/garbage.ts';
import type { SnapshotManifest } from '../domain/snapshot-store.ts';
import { GRACE_MS } from './age.ts';
import { collectGarbage } from './collect.ts';
import { unorderedSandboxes } from './sandboxes.ts';
import { unknownSnapshots } from './snapshots.ts';

const NOW = Date.UTC(2030, 0, 2);
const LOOK = { dryRun: true, trash: false };
const REMOVE = { dryRun: false, trash: false };

const source = (kind: GarbageSource['kind'], find: () => Promise<Garbage[]>): GarbageSource => ({
  kind,
  find,
});

const garbage = (name: string, remove?: () => Promise<void>): Garbage =>
  remove === undefined ? { kind: 'layer', name } : { kind: 'layer', name, remove };

const neverRemoved = () => Promise.reject(new Error('It was removed.'));

const manifest = (id: string, createdAt: number): SnapshotManifest => ({
  version: 1,
  id,
  template: 'blank',
  baseImage: 'sha256:fake',
  sizeBytes: 5,
  contentBytes: 5,
  fileCount: 1,
  entryCount: 1,
  sha256: 'fake',
  warnings: [],
  createdAt,
});

describe('Collecting garbage', () => {
  it('goes on after what cannot be found or removed, and tells of it', async () => {
    const removed: string[] = [];
    const sources = [
      source('image', () => Promise.reject(new SandboxdError('node_unavailable', 'The engine is away.'))),
      source('layer', async () => [
        garbage('a', () => Promise.reject(new Error('something inside'))),
        garbage('b', async () => void removed.push('b')),
        garbage('c'),
      ]),
    ];
    const report = await collectGarbage(sources, REMOVE, quietLogger);
    expect(report.failures).toEqual([{ kind: 'image', errorMessage: 'The engine is away.' }]);
    expect(report.items.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['a', 'failed'],
      ['b', 'removed'],
      ['c', 'shown'],
    ]);
    expect(removed).toEqual(['b']);
    expect(JSON.stringify(report)).not.toContain('something inside');
  });

  it('removes nothing when it only looks', async () => {
    const report = await collectGarbage(
      [source('trash', async () => [{ kind: 'trash', name: 'a', sizeBytes: 7, remove: neverRemoved }])],
      LOOK,
      quietLogger,
    );
    expect(report).toEqual({
      items: [{ kind: 'trash', name: 'a', sizeBytes: 7, outcome: 'shown' }],
      failures: [],
    });
  });
});

describe('Archives without a row', () => {
  it('are garbage when they are old and on this disk', async () => {
    const store = new MemorySnapshots();
    const keep = async (age: number): Promise<string> => {
      const id = newId();
      await store.put(id, Readable.from([Buffer.from('12345')]), () => manifest(id, NOW - age));
      return id;
    };
    const [known, old, young] = [await keep(GRACE_MS), await keep(GRACE_MS), await keep(GRACE_MS - 1)];
    const rows = { known: async (ids: readonly string[]) => ids.filter((id) => id === known) };
    const garbage = unknownSnapshots(store, rows, () => NOW);
    const [found, ...others] = await garbage.find(LOOK);
    expect(found).toMatchObject({ name: old, sizeBytes: 5, ageMs: GRACE_MS });
    expect(others).toEqual([]);
    await found?.remove?.();
    expect(await store.list()).toEqual([known, young]);
    store.isShared = true;
    await keep(NOW);
    expect(await garbage.find(LOOK)).toEqual([]);
  });

  it('are garbage when they are on this disk still, and are left where they are shared', async () => {
    const [shared, earlier] = [new MemorySnapshots({ isShared: true }), new MemorySnapshots()];
    const id = newId();
    for (const store of [shared, earlier]) {
      await store.put(id, Readable.from([Buffer.from('12345')]), () => manifest(id, NOW - GRACE_MS));
    }
    const store = new WithEarlier(shared, earlier);
    const [found] = await unknownSnapshots(store, { known: async () => [] }, () => NOW).find(LOOK);
    await found?.remove?.();
    expect(await earlier.list()).toEqual([]);
    expect(await shared.list()).toEqual([id]);
  });
});

describe('Sandboxes nobody ordered', () => {
  it('are only shown', async () => {
    const garbage = unorderedSandboxes({
      engine: {
        list: async () => [
          { sandboxId: 'ordered', state: 'running' },
          { sandboxId: 'container', state: 'stopped' },
        ],
        listVolumes: async () => ['container', 'volume'],
      },
      workspaces: { list: async () => ['ordered', 'home'] },
      rows: { ofNode: async () => [{ id: 'ordered' } as never] },
      nodeId: 'node-1',
    });
    const found = await garbage.find(LOOK);
    expect(found.map(({ name }) => name)).toEqual(['container', 'volume', 'home']);
    expect(found.every(({ remove }) => remove === undefined)).toBe(true);
  });
});
