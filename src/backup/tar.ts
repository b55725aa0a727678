import {
  type TarHeader,
  BLOCK_BYTES,
  NAME_BYTES,
  TYPE,
  decodeHeader,
  encodeHeader,
} from '../archive/tar-header.ts';
import { UnpackError } from '../archive/unpack-error.ts';
import { invalid } from '../domain/errors.ts';

/**
 * The one kind of tar entry a backup has: a plain file with an ASCII name of at most 100 characters. Whatever else the
 * format knows (links, devices, long names, extensions) is never written and never taken.
 */
export type TarEntry = Pick<TarHeader, 'name' | 'size'>;

/** What an archive ends with. */
export const END = Buffer.alloc(2 * BLOCK_BYTES);

/** @param at milliseconds since the epoch */
export function encodeEntry({ name, size }: TarEntry, at: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const mtime = Math.floor(at / 1000);
  encodeHeader(block, { name, size, mtime, type: TYPE.file, mode: 0o600, uid: 0, gid: 0, isPosix: true });
  return block;
}

/** Undefined for a block of zeros: the end. @throws invalid_request for what no backup has */
export function decodeEntry(block: Buffer): TarEntry | undefined {
  const header = decoded(block);
  if (header === undefined) return undefined;
  const { name, size, type, isPosix } = header;
  const isInOnePart = block.toString('latin1', 0, NAME_BYTES).startsWith(name);
  if (type === TYPE.file && isPosix && isInOnePart) return { name, size };
  throw invalid(`This is no backup of sandboxd: "${printable(name)}" in it is no plain file.`);
}

function decoded(block: Buffer): TarHeader | undefined {
  try {
    return decodeHeader(block);
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    throw invalid('This is no backup of sandboxd, or it is damaged: a header in it is broken.', {
      cause: error,
    });
  }
}

/** For messages: a name nobody has checked yet. */
export const printable = (name: string): string => name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, NAME_BYTES);
