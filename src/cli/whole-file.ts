import { randomUUID } from 'node:crypto';
import { access, constants, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../host/errno.ts';
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

/**
 * Says at once what would keep a file from being written, before anything is done for it.
 * @throws Failure with what to do instead
 */
export async function requireWritable(path: string): Promise<void> {
  const directory = dirname(path);
  if ((await kindOf(path)) === 'directory') {
    throw new Failure(`${path} is a directory. Name a file in it, like ${join(path, 'sandboxd.tar')}.`);
  }
  const kind = await kindOf(directory);
  if (kind === 'none') {
    throw new Failure(
      `${path} cannot be written: there is no directory ${directory}. Make it ("mkdir -p ${directory}"), or name a file elsewhere.`,
    );
  }
  if (kind === 'other') {
    throw new Failure(`${path} cannot be written: ${directory} is not a directory. Name a file in one.`);
  }
  await told(path, () => access(directory, constants.W_OK | constants.X_OK));
}

async function kindOf(path: string): Promise<'directory' | 'other' | 'none'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'none';
    throw unwritable(path, error);
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
    throw unwritable(path, cause);
  }
}

const unwritable = (path: string, cause: unknown) =>
  new Failure(`${path} cannot be written (${errnoOf(cause)}).`, EXIT.failed, { cause });
