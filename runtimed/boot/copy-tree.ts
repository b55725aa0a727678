import { copyFile, link, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_DIRECTORIES } from '../../src/domain/paths.ts';
import { errnoOf } from '../regular-file.ts';

/**
 * Copies a tree into a directory that may hold a part of it already. Nothing that is there is replaced, and every file
 * appears whole: it is copied aside and then linked into its place, so that being killed at any point leaves nothing
 * but what a repetition completes.
 * @param aside a directory of the same file system, emptied before
 */
export async function copyTree(from: string, to: string, aside: string): Promise<void> {
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true, mode: 0o700 });
  await copyInto(from, to, join(aside, 'file'));
  await rm(aside, { recursive: true, force: true });
}

async function copyInto(from: string, to: string, aside: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (!GENERATED_DIRECTORIES.has(entry.name)) await copyInto(source, target, aside);
    } else if (entry.isSymbolicLink()) {
      await unlessThere(symlink(await readlink(source), target));
    } else if (entry.isFile()) {
      await copyFile(source, aside);
      await unlessThere(link(aside, target));
      await rm(aside);
    }
  }
}

async function unlessThere(made: Promise<void>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
