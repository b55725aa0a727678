import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, keep } from '../../../tests/contracts/snapshot-store.contract.ts';
import { ulidSource } from '../../domain/ids.ts';
import { LocalSnapshots } from './local.ts';

const run = promisify(execFile);
const newId = ulidSource();
const WRITER = join(import.meta.dirname, '../../../tests/doubles/snapshot-writer.ts');

const expectWhole = async (store: LocalSnapshots, id: string) => {
  const { manifest, archive } = await store.get(id);
  const digest = createHash('sha256')
    .update(await bytesOf(archive))
    .digest('hex');
  expect(digest).toBe(manifest.sha256);
};

describe('Snapshots on the disk of a node that is killed', () => {
  let temporary: Awaited<ReturnType<typeof mkdtempDisposable>>;
  beforeEach(async () => {
    temporary = await mkdtempDisposable(join(tmpdir(), 'snapshots-'));
  });
  afterEach(() => temporary.remove());

  /** What the process prints before it ends, or is killed at the step. */
  const written = async (operation: 'put' | 'remove', id: string, step: number): Promise<string> => {
    try {
      const { stdout } = await run(process.execPath, [WRITER, temporary.path, operation, id, String(step)]);
      return stdout.trim();
    } catch (error) {
      expect(error).toMatchObject({ signal: 'SIGKILL', stderr: '' });
      return 'killed';
    }
  };

  it('are whole or not there, whatever the step was', async () => {
    const neighbour = newId();
    const store = new LocalSnapshots(temporary.path);
    await store.open();
    await keep(store, neighbour, 10);
    let last = '';
    let killed = 0;
    for (let step = 1; last !== 'done'; step += 1) {
      const id = newId();
      last = await written('put', id, step);
      if (last === 'killed') killed += 1;
      // As somebody finds it before anything is cleared away.
      const there = await store.list();
      expect([[neighbour], [neighbour, id]]).toContainEqual(there.toSorted());
      for (const one of there) await expectWhole(store, one);
      await store.open();
      expect(await readdir(join(temporary.path, '.unfinished'))).toEqual([]);
      await keep(store, id, 1000);
      await expectWhole(store, id);
      await store.remove(id);
    }
    expect(killed).toBeGreaterThan(15);
  });

  it('are whole or gone when they were being removed', async () => {
    const store = new LocalSnapshots(temporary.path);
    await store.open();
    let last = '';
    let killed = 0;
    for (let step = 1; last !== 'done'; step += 1) {
      const id = newId();
      await keep(store, id, 100_000);
      last = await written('remove', id, step);
      if (last === 'killed') killed += 1;
      const there = await store.list();
      expect(last === 'done' ? [[]] : [[], [id]]).toContainEqual(there);
      for (const one of there) await expectWhole(store, one);
      await store.open();
      expect(await readdir(join(temporary.path, '.unfinished'))).toEqual([]);
      await store.remove(id);
    }
    expect(killed).toBeGreaterThan(5);
  });
});
