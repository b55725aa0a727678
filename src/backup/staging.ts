import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { invalid } from '../domain/errors.ts';
import { runProgram } from '../host/run-program.ts';
import { syncDirectory } from '../host/sync-directory.ts';

/** Where a data directory is laid out before it is one: beside it, so that one rename makes it appear as a whole. */
export const stagingOf = (dataDir: string): string => `${dataDir}.restoring`;

/** Whether a restore lays something out, or one that was killed has left it. */
export const hasStaging = (dataDir: string): boolean => existsSync(stagingOf(dataDir));

/** Removes what a restore that was killed has left. None may be under way: call this with the data directory claimed. */
export const clearStaging = (dataDir: string): Promise<void> =>
  rm(stagingOf(dataDir), { recursive: true, force: true });

/** @throws invalid_request unless there is nothing yet where the data directory is to be */
export async function requireNothing(dataDir: string): Promise<void> {
  const [found] = await namesIn(dataDir);
  if (found === undefined) return;
  throw invalid(
    `${dataDir} is not empty (there is "${found}" in it), and a restore never replaces anything. Move it away, or name another directory (SANDBOXD_DATA_DIR).`,
  );
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** An empty directory that can become the data directory. @throws invalid_request where that is a mount point */
export async function makeStaging(dataDir: string): Promise<string> {
  const staging = stagingOf(dataDir);
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 });
  await clearStaging(dataDir);
  await mkdir(staging, { mode: 0o700 });
  if ((await deviceOf(dataDir)) === (await deviceOf(staging))) return staging;
  await clearStaging(dataDir);
  throw invalid(
    `${dataDir} is a file system of its own, in whose place nothing can be put as a whole. Name a directory in it (SANDBOXD_DATA_DIR), like ${dataDir}/data.`,
  );
}

/** The file system a path is on, or would be. */
async function deviceOf(path: string): Promise<number> {
  try {
    return (await stat(path)).dev;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return deviceOf(dirname(path));
  }
}

/** Makes what was laid out the data directory, once all of it is on disk. */
export async function publish(dataDir: string): Promise<void> {
  const staging = stagingOf(dataDir);
  await runProgram('sync', ['-f', staging]);
  await rename(staging, dataDir);
  await syncDirectory(dirname(dataDir));
}
