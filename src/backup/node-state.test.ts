import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type NodeFile, readNodeState, restoredNodeFiles } from './node-state.ts';

it('leaves out what apps are configured with: the node is told again, and its own may be newer than the database', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-node-state-'));
  try {
    for (const kind of ['captures', 'configs', 'outbox']) {
      await mkdir(join(directory, kind));
      await writeFile(join(directory, kind, '01ARZ3NDEKTSV4RRFFQ69G5FAV.json'), '{"sealed":"x"}');
    }
    const files: NodeFile[] = [];
    for await (const file of readNodeState(directory)) files.push(file);
    const [capture] = files;
    expect(files.map(({ path }) => path.split('/')[0])).toEqual(['captures', 'outbox']);
    if (capture === undefined) throw new Error('Nothing was read.');
    const restored = (path: string) => restoredNodeFiles({ ...capture, path }, new Map());
    expect(restored('configs/01ARZ3NDEKTSV4RRFFQ69G5FAV.json')).toEqual([]);
    expect(restored(capture.path)).toEqual([capture]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
