import type { Dirent } from 'node:fs';
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
  let copies = 0;
  await copyInto(from, to, () => join(aside, String((copies += 1))));
  await rm(aside, { recursive: true, force: true });
}

async function copyInto(from: string, to: string, newAside: () => string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(entries.map((entry) => copyEntry(entry, from, to, newAside)));
}

async function copyEntry(entry: Dirent, from: string, to: string, newAside: () => string): Promise<void> {
  const [source, target] = [join(from, entry.name), join(to, entry.name)];
  if (entry.isDirectory()) {
    if (!GENERATED_DIRECTORIES.has(entry.name)) await copyInto(source, target, newAside);
  } else if (entry.isSymbolicLink()) {
    await unlessThere(symlink(await readlink(source), target));
  } else if (entry.isFile()) {
    const aside = newAside();
    await copyFile(source, aside);
    await unlessThere(link(aside, target));
  }
}

async function unlessThere(made: Promise<void>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
