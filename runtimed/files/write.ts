import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { fileErrors } from '../../src/domain/files.ts';
import { MAX_WRITE_BYTES } from '../../src/domain/runtimed.ts';
import { openRegular } from '../regular-file.ts';

const CREATE_NEW = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const NEW_FILE_MODE = 0o644;
const CHUNK_BYTES = 256 * 1024;

/** Writes files: each whole and on disk, or not at all. An existing file keeps its mode. */
export class FileWriter {
  readonly #newName: () => string;
  #appends: Promise<unknown> = Promise.resolve();

  /** @param newName makes names for temporary files that nobody else uses */
  constructor(newName: () => string) {
    this.#newName = newName;
  }

  /**
   * @param directory a path that cannot come to mean another directory
   * @throws payload_too_large, invalid_request when there is something else than a file; the body's and system's errors
   */
  async write(
    directory: string,
    name: string,
    body: AsyncIterable<Uint8Array>,
    append: boolean,
  ): Promise<void> {
    const target = `${directory}/${name}`;
    await modeOf(target);
    const temporary = `${directory}/.sandboxd-${this.#newName()}.tmp`;
    try {
      await using spool = await open(temporary, CREATE_NEW, NEW_FILE_MODE);
      const length = await receive(body, spool);
      if (append) await this.#inTurn(() => appendOrPlace(spool, length, temporary, target));
      else await place(spool, temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Two appends at once would interleave, and one that fails would take the other's bytes back. */
  #inTurn(append: () => Promise<void>): Promise<void> {
    const done = this.#appends.then(append);
    this.#appends = done.catch(() => {});
    return done;
  }
}

async function appendOrPlace(
  spool: FileHandle,
  length: number,
  temporary: string,
  target: string,
): Promise<void> {
  if ((await modeOf(target)) === undefined) await place(spool, temporary, target);
  else await appendFrom(spool, length, target);
}

async function place(spool: FileHandle, temporary: string, target: string): Promise<void> {
  const mode = await modeOf(target);
  if (mode !== undefined) await spool.chmod(mode);
  await spool.sync();
  await rename(temporary, target);
}

/** The permissions of a plain file; undefined when there is nothing. */
async function modeOf(path: string): Promise<number | undefined> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined && !found.isFile()) throw fileErrors.notFile();
  return found === undefined ? undefined : found.mode & 0o777;
}

async function receive(body: AsyncIterable<Uint8Array>, into: FileHandle): Promise<number> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_WRITE_BYTES) throw fileErrors.writeTooLarge();
    await into.appendFile(chunk);
  }
  return length;
}

/** Adds what was received to a file; one that cannot take it all is left as it was. */
async function appendFrom(spool: FileHandle, length: number, target: string): Promise<void> {
  await using file = await openRegular(target, constants.O_WRONLY | constants.O_APPEND);
  const { size } = await file.stat();
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0; position < length; ) {
      const { bytesRead } = await spool.read(chunk, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      await file.appendFile(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
    await file.sync();
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
}
