import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../host/sync-directory.ts';
import { EXIT, Failure } from './failure.ts';

/**
 * Writes a file that is there as a whole or not at all: under a name beside it until `check` has found it good.
 * @returns what `check` did
 * @throws Failure when it cannot be written; whatever the content or the check throws
 */
export async function writeWholeFile<T>(
  path: string,
  content: () => Promise<AsyncIterable<Uint8Array>>,
  check: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.partial`;
  try {
    await write(temporary, content);
    const found = await check(temporary);
    await told(path, () => rename(temporary, path));
    await syncDirectory(dirname(path));
    return found;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Opened before the content is asked for, which may take long to make. */
async function write(path: string, content: () => Promise<AsyncIterable<Uint8Array>>): Promise<void> {
  await using file = await told(path, () => open(path, 'wx', 0o600));
  for await (const chunk of await content()) await told(path, () => file.writeFile(chunk));
  await told(path, () => file.sync());
}

async function told<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure(`${path} cannot be written (${code}).`, EXIT.failed, { cause });
  }
}
