import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ulidSource } from '../../src/domain/ids.ts';
import type { SnapshotManifest, SnapshotStore } from '../../src/domain/snapshot-store.ts';

export interface SnapshotStoreUnderTest extends AsyncDisposable {
  readonly store: SnapshotStore;
  /** The same archives after a crash. */
  reopened(): Promise<SnapshotStore>;
  /** What is there besides archives that are whole. */
  leftovers(): Promise<readonly string[]>;
  /** Files, connections, and whatever else is held for somebody who reads. */
  held(): number;
}

/** A store that keeps nothing anywhere but in itself, opened. */
export async function inItself(store: SnapshotStore): Promise<SnapshotStoreUnderTest> {
  await store.open();
  return {
    store,
    reopened: async () => store,
    leftovers: async () => [],
    held: () => 0,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const newId = ulidSource();
const CHUNK = 1_000_003;

/** Bytes that depend on where they are, so that none can be missing, doubled or out of place. */
export function contentOf(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let at = 0; at < words.length; at += 1) words[at] = Math.imul(at + 1, 2_654_435_761);
  return Buffer.from(words.buffer, 0, length);
}

export const manifestOf = (id: string, content: Uint8Array): SnapshotManifest => ({
  version: 1,
  id,
  preset: 'node-ts',
  template: 'node-ts',
  parentSnapshotId: newId(),
  baseImage: `sha256:${'ab'.repeat(32)}`,
  sizeBytes: content.length,
  contentBytes: content.length * 3,
  fileCount: 2,
  entryCount: 3,
  sha256: createHash('sha256').update(content).digest('hex'),
  warnings: ['2 devices were left out'],
  createdAt: 1_893_456_000_000,
});

export async function* chunksOf(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.length; at += CHUNK) yield content.subarray(at, at + CHUNK);
}

export async function bytesOf(archive: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Puts an archive of so many bytes, and answers what was put. */
export async function keep(store: SnapshotStore, id: string, length: number) {
  const content = contentOf(length);
  const manifest = manifestOf(id, content);
  await store.put(id, chunksOf(content), () => manifest);
  return { content, manifest };
}

/** What every store of snapshots promises. */
export function snapshotStoreContract(name: string, setUp: () => Promise<SnapshotStoreUnderTest>): void {
  describe(`${name} keeps the contract of a snapshot store`, () => {
    let under: SnapshotStoreUnderTest;
    let store: SnapshotStore;
    let id: string;

    beforeEach(async () => {
      under = await setUp();
      ({ store } = under);
      id = newId();
    });
    afterEach(() => under[Symbol.asyncDispose]());

    const expectNothing = async () => {
      expect(await store.find(id)).toBeUndefined();
      expect(await store.list()).toEqual([]);
      expect(await under.leftovers()).toEqual([]);
      await expect(store.get(id)).rejects.toMatchObject({ code: 'not_found' });
    };

    it.each([0, 1, 20_000_000, 2 ** 24, 2 ** 25])(
      'gives back %i bytes exactly as they were',
      async (length) => {
        const { content, manifest } = await keep(store, id, length);
        const kept = await store.get(id);
        expect(kept.manifest).toEqual(manifest);
        expect((await bytesOf(kept.archive)).equals(content)).toBe(true);
        expect(await store.find(id)).toEqual(manifest);
        expect(await store.list()).toEqual([id]);
        expect(await under.leftovers()).toEqual([]);
      },
    );

    it('finds what was kept before a crash', async () => {
      const { content, manifest } = await keep(store, id, 1000);
      const again = await under.reopened();
      expect(await again.list()).toEqual([id]);
      const kept = await again.get(id);
      expect(kept.manifest).toEqual(manifest);
      expect((await bytesOf(kept.archive)).equals(content)).toBe(true);
    });

    it('has nothing of what was never kept, and removes it all the same', async () => {
      await expectNothing();
      await expect(store.remove(id)).resolves.toBeUndefined();
      await expectNothing();
    });

    it('reads nothing of an archive that is kept already, and leaves the first as it is', async () => {
      const { content, manifest } = await keep(store, id, 5000);
      let isRead = false;
      const other = (async function* () {
        isRead = true;
        yield Buffer.from('other');
      })();
      await store.put(id, other, () => manifestOf(id, Buffer.from('other')));
      expect(isRead).toBe(false);
      const kept = await store.get(id);
      expect(kept.manifest).toEqual(manifest);
      expect((await bytesOf(kept.archive)).equals(content)).toBe(true);
    });

    it.each([0, 1_000_000, 20_000_000, 36_000_000])(
      'keeps nothing when reading fails after %i bytes, says why, and takes it a second time',
      async (length) => {
        const failure = new Error('the source fails');
        const failing = (async function* () {
          yield* chunksOf(contentOf(length));
          throw failure;
        })();
        const put = store.put(id, failing, () => manifestOf(id, Buffer.alloc(0)));
        expect(await put.catch((thrown: unknown) => thrown)).toBe(failure);
        await expectNothing();
        await keep(store, id, length);
        expect(await store.list()).toEqual([id]);
      },
    );

    it('keeps nothing when it cannot be described', async () => {
      const failure = new Error('no facts');
      const put = store.put(id, chunksOf(contentOf(100)), () => {
        throw failure;
      });
      expect(await put.catch((thrown: unknown) => thrown)).toBe(failure);
      await expectNothing();
    });

    it('describes an archive once its bytes have ended', async () => {
      const steps: string[] = [];
      const source = (async function* () {
        yield Buffer.from('bytes');
        steps.push('ended');
      })();
      await store.put(id, source, () => {
        steps.push('described');
        return manifestOf(id, Buffer.from('bytes'));
      });
      expect(steps).toEqual(['ended', 'described']);
    });

    it('keeps several at the same time', async () => {
      const ids = [newId(), newId(), newId(), newId()];
      const lengths = [10, 3_000_000, 17_000_000, 4_000_000];
      const put = await Promise.all(ids.map((one, at) => keep(store, one, lengths[at] ?? 0)));
      expect((await store.list()).toSorted()).toEqual(ids);
      for (const [at, one] of ids.entries()) {
        const { content, manifest } = put[at]!;
        const kept = await store.get(one);
        expect(kept.manifest).toEqual(manifest);
        expect((await bytesOf(kept.archive)).equals(content)).toBe(true);
      }
      expect(await under.leftovers()).toEqual([]);
    });

    it('is read by several at the same time', async () => {
      const { content } = await keep(store, id, 3_000_000);
      const readings = await Promise.all([store.get(id), store.get(id), store.get(id)]);
      const all = await Promise.all(readings.map(({ archive }) => bytesOf(archive)));
      expect(all.every((bytes) => bytes.equals(content))).toBe(true);
    });

    it('removes one and leaves the others', async () => {
      const other = newId();
      await keep(store, id, 100);
      const { content } = await keep(store, other, 100);
      await store.remove(id);
      await expect(store.get(id)).rejects.toMatchObject({ code: 'not_found' });
      expect(await store.list()).toEqual([other]);
      expect(await under.leftovers()).toEqual([]);
      expect((await bytesOf((await store.get(other)).archive)).equals(content)).toBe(true);
    });

    it('lets one that is being read be read to its end when it is removed', async () => {
      const { content } = await keep(store, id, 12_000_000);
      const archive = (await store.get(id)).archive[Symbol.asyncIterator]();
      const first = await archive.next();
      await store.remove(id);
      const rest = await bytesOf({ [Symbol.asyncIterator]: () => archive });
      expect(Buffer.concat([first.value as Uint8Array, rest]).equals(content)).toBe(true);
      await expectNothing();
    });

    it('says so when it is removed before reading begins', async () => {
      await keep(store, id, 100);
      const { archive } = await store.get(id);
      await store.remove(id);
      await expect(bytesOf(archive)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('holds nothing for somebody who stops reading, or never begins', async () => {
      await keep(store, id, 12_000_000);
      await store.get(id);
      expect(under.held()).toBe(0);
      const { archive } = await store.get(id);
      for await (const chunk of archive) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      await expect.poll(() => under.held()).toBe(0);
    });

    it.each([
      '',
      '.',
      '..',
      '../../etc',
      '.unfinished',
      '01ARZ3NDEKTSV4RRFFQ69G5FA',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV/x',
      '01ARZ3NDEKTSV4RRFFQ69G5FA\n',
      '01ARZ3NDEKTSV4RRFFQ69G5F%2',
    ])('refuses %j, which is no id', async (text) => {
      const refused = { code: 'invalid_request', message: expect.stringContaining('id: ') };
      await expect(store.find(text)).rejects.toMatchObject(refused);
      await expect(store.get(text)).rejects.toMatchObject(refused);
      await expect(store.remove(text)).rejects.toMatchObject(refused);
      await expect(keep(store, text, 10)).rejects.toMatchObject(refused);
      expect(await under.leftovers()).toEqual([]);
    });

    it('takes an id in either case for the same', async () => {
      await keep(store, id, 10);
      expect(await store.find(id.toLowerCase())).toMatchObject({ id });
      await store.remove(id.toLowerCase());
      await expectNothing();
    });
  });
}
