import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TreeOptions } from '../../src/archive/tree-writer.ts';
import { type Unpacked, unpackHere } from '../../src/archive/unpacking.ts';
import { inPieces } from './archives.ts';

/** A directory to unpack into, and beside it a file that nobody may get at from there. */
export async function makeTarget(): Promise<{ base: string; target: string }> {
  const base = await mkdtemp(join(tmpdir(), 'sandboxd-unpacking-'));
  const target = join(base, 'target');
  await mkdir(target);
  await writeFile(join(base, 'secret'), 'secret');
  return { base, target };
}

/** Unpacks what nothing compressed, in this thread. */
export const unpackTar = (tar: Buffer, directory: string, tree: Partial<TreeOptions>): Promise<Unpacked> =>
  unpackHere(inPieces(tar, 1000), {
    directory,
    compression: 'none',
    tree: { droppedSegments: 0, ...tree },
  });
