import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ArchivedTree, shell } from '../../tests/harness/archived-tree.ts';
import { ArchiveWorker } from './archive-worker.ts';

it('A tree in use with more files than can be remembered ends its thread, and nothing else', async () => {
  await using tree = await ArchivedTree.make();
  await shell('seq 40000 | xargs touch', tree.home);
  const directory = join(tree.root, 'staging');
  await mkdir(directory);
  const staging = { directory, syncedAt: Date.now() + 60_000 };
  const input = { roots: [tree.home], scope: 'snapshot', staging } as const;
  await using worker = new ArchiveWorker(input, () => undefined, undefined, 24);
  const attempt = (async () => {
    await worker.heard('copied');
    worker.tell({ type: 'still' });
    await worker.heard('settled');
  })();
  await expect(attempt).rejects.toMatchObject({ code: 'payload_too_large' });
});
