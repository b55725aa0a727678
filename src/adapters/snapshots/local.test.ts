import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtempDisposable, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  chunksOf,
  contentOf,
  keep,
  manifestOf,
  snapshotStoreContract,
} from '../../../tests/contracts/snapshot-store.contract.ts';
import { ulidSource } from '../../domain/ids.ts';
import { LocalSnapshots } from './local.ts';
import { type SmallDisk, smallDisk } from '../../../tests/harness/small-disk.ts';

const newId = ulidSource();

let temporary: Awaited<ReturnType<typeof mkdtempDisposable>>;
let directory: string;
beforeEach(async () => {
  temporary = await mkdtempDisposable(join(tmpdir(), 'snapshots-'));
  directory = join(temporary.path, 'snapshots');
});
afterEach(() => temporary.remove());

const opened = async (): Promise<LocalSnapshots> => {
  const store = new LocalSnapshots(directory);
  await store.open();
  return store;
};

/** Open files of this process below the directory. */
const openFiles = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      // Closed since it was listed.
      return false;
    }
  }).length;

const unfinished = () => readdir(join(directory, '.unfinished'));

snapshotStoreContract('A directory', async () => ({
  store: await opened(),
  reopened: opened,
  leftovers: unfinished,
  held: openFiles,
  [Symbol.asyncDispose]: async () => undefined,
}));

describe('Snapshots on the disk of a node', () => {
  it('are for the node alone', async () => {
    mkdirSync(directory, { mode: 0o755 });
    const store = await opened();
    const id = newId();
    await keep(store, id, 10);
    for (const path of ['', '.unfinished', id]) {
      expect((await stat(join(directory, path))).mode & 0o777).toBe(0o700);
    }
    for (const file of ['archive.tar.zst', 'manifest.json']) {
      expect((await stat(join(directory, id, file))).mode & 0o777).toBe(0o600);
    }
  });

  it('explain themselves to people', async () => {
    const id = newId();
    const { manifest } = await keep(await opened(), id, 10);
    expect(JSON.parse(await readFile(join(directory, id, 'manifest.json'), 'utf8'))).toEqual(manifest);
  });

  it('of which a crash left something half-written are cleared away when the store is opened', async () => {
    await opened();
    mkdirSync(join(directory, '.unfinished/draft'));
    await writeFile(join(directory, '.unfinished/draft/archive.tar.zst'), 'half');
    await opened();
    expect(await unfinished()).toEqual([]);
  });

  it('are kept and removed also where what is half-written has no place, once it can have one', async () => {
    const store = await opened();
    const [id, other] = [newId(), newId()];
    await keep(store, id, 10);
    await rm(join(directory, '.unfinished'), { recursive: true });
    await store.remove(id);
    expect(await store.list()).toEqual([]);
    await rm(join(directory, '.unfinished'), { recursive: true });
    await keep(store, other, 10);
    expect(await store.list()).toEqual([other]);
  });

  it('do not show what somebody else has put beside them', async () => {
    const store = await opened();
    mkdirSync(join(directory, 'lost+found'));
    await writeFile(join(directory, 'notes.txt'), '');
    expect(await store.list()).toEqual([]);
  });

  it.each(['', '{', '{}', '[]', 'null', '{"version":2}'])(
    'are lost with a manifest that holds %j, until they are made again or removed',
    async (damage) => {
      const store = await opened();
      const id = newId();
      await keep(store, id, 10);
      await writeFile(join(directory, id, 'manifest.json'), damage);
      expect(await store.find(id)).toBeUndefined();
      await expect(store.get(id)).rejects.toMatchObject({ code: 'not_found' });
      const { content } = await keep(store, id, 500);
      expect((await bytesOf((await store.get(id)).archive)).equals(content)).toBe(true);
      expect(await unfinished()).toEqual([]);
      await writeFile(join(directory, id, 'manifest.json'), damage);
      await store.remove(id);
      expect(await store.list()).toEqual([]);
    },
  );

  it('are lost with the manifest of another', async () => {
    const store = await opened();
    const [id, other] = [newId(), newId()];
    await keep(store, id, 10);
    await writeFile(join(directory, id, 'manifest.json'), JSON.stringify(manifestOf(other, contentOf(10))));
    expect(await store.find(id)).toBeUndefined();
  });

  describe('on a disk that is full', () => {
    let disk: SmallDisk;
    beforeEach(async () => {
      disk = await smallDisk('8m', directory);
    });
    afterEach(() => disk[Symbol.asyncDispose]());

    it('leave nothing of one that does not fit, say so, and are kept again once there is space', async () => {
      const store = await opened();
      const first = newId();
      await keep(store, first, 6_000_000);
      const id = newId();
      let isEnded = false;
      const source = (async function* () {
        try {
          yield* chunksOf(contentOf(6_000_000));
        } finally {
          isEnded = true;
        }
      })();
      const put = store.put(id, source, () => manifestOf(id, contentOf(6_000_000)));
      await expect(put).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^The disk of the node is full: .*Delete snapshots/),
      });
      await expect(put).rejects.not.toMatchObject({ message: expect.stringContaining(directory) });
      expect(isEnded).toBe(true);
      expect(await unfinished()).toEqual([]);
      expect(await store.list()).toEqual([first]);
      await store.remove(first);
      await keep(store, id, 6_000_000);
      expect(await store.list()).toEqual([id]);
    });
  });
});
