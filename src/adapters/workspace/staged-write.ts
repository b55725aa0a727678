import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrors } from '../../domain/files.ts';
import type { Owner } from './layout.ts';
import { isWhiteout, lstatIfThere } from './places.ts';

const NEW_FILE_MODE = 0o644;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The permissions of the file there; undefined when there is none.
 * @throws invalid_request when there is something else
 */
export async function modeOfFile(path: string): Promise<number | undefined> {
  const found = await lstatIfThere(path);
  if (found === undefined || isWhiteout(found)) return undefined;
  if (!found.isFile()) throw fileErrors.notFile();
  return found.mode & 0o777;
}

/** Puts a file in place as a whole, from a directory on the same file system that the tenant never sees. */
export async function replaceFile(
  target: string,
  body: Uint8Array,
  { staging, owner, mode = NEW_FILE_MODE }: { staging: string; owner: Owner; mode?: number | undefined },
): Promise<void> {
  const temporary = join(staging, randomUUID());
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(body);
    await file.chown(owner.uid, owner.gid);
    await file.chmod(mode);
    await file.sync();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Adds to an existing file; one that cannot take it all is left as it was. */
export async function appendToFile(target: string, body: Uint8Array): Promise<void> {
  await using file = await open(target, APPEND);
  const before = await file.stat();
  if (!before.isFile()) throw fileErrors.notFile();
  try {
    await file.writeFile(body);
    await file.sync();
  } catch (error) {
    await file.truncate(before.size);
    throw error;
  }
}
