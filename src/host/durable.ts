import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './sync-directory.ts';

export const TEMPORARY = '.tmp';

/** Replaces a file so that a crash at any instruction leaves the old content or the new, and the new survives power loss. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Removes a file so that it stays removed. Absent is fine. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** The contents of every file with this ending; what a crash left half-written is cleared away. */
export async function readAll(
  directory: string,
  ending: string,
): Promise<{ name: string; content: string }[]> {
  const names = await readdir(directory);
  await Promise.all(
    names
      .filter((name) => name.endsWith(TEMPORARY))
      .map((name) => rm(join(directory, name), { force: true })),
  );
  const wanted = names.filter((name) => name.endsWith(ending));
  return Promise.all(
    wanted.map(async (name) => ({
      name: name.slice(0, -ending.length),
      content: await readFile(join(directory, name), 'utf8'),
    })),
  );
}
