import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_DIRECTORIES, RESERVED_DIRECTORY } from '../src/domain/paths.ts';
import { lookAtAll } from './look-at-all.ts';

/** A look at more than these costs more than it is worth; what people edit lies near the top and is met first. */
export const MAX_SOURCES = 5000;

/**
 * Another text for every state of the files people write, and the same one as long as nothing changes. Directories that
 * tools fill are left out, no symlink in it is followed, and no file is opened. Never rejects: what cannot be looked at
 * counts as not there.
 */
export async function fingerprint(directory: string): Promise<string> {
  const paths: string[] = [];
  const directories = [directory];
  for (const next of directories) {
    for await (const entry of entriesOf(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory() && !isGenerated(entry.name)) directories.push(path);
      if (!entry.isDirectory()) paths.push(path);
      if (directories.length + paths.length >= MAX_SOURCES) break;
    }
    if (directories.length + paths.length >= MAX_SOURCES) break;
  }
  const looks = await lookAtAll(paths, lookAt);
  return createHash('sha256')
    .update([...looks, ...directories].join('\0'))
    .digest('hex');
}

const isGenerated = (name: string): boolean => GENERATED_DIRECTORIES.has(name) || name === RESERVED_DIRECTORY;

async function* entriesOf(directory: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(directory);
  } catch {
    // Gone, or not to be read: there is nothing to see in it.
  }
}

async function lookAt(path: string): Promise<string> {
  try {
    const { ino, mode, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    return [path, ino, mode, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return path;
  }
}
