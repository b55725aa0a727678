import { constants, type Dirent } from 'node:fs';
import { type FileHandle, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Mask, PIECE, type Span } from '../../src/domain/mask.ts';
import { errnoOf, openRegular, readAt } from '../regular-file.ts';

const CHUNK = 1024 * 1024;
/** Bytes of all files together: an agent's conversations are a small part of it. */
const MOST = 512 * 1024 * 1024;
/** Bytes. A shorter secret is a word like `user`: without it, what an agent keeps would make no sense to it any more. */
const SHORTEST = 8;
const BLANK = '*'.charCodeAt(0);
/** Somebody else's place to be, or gone since it was listed. */
const PASSED_OVER: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ELOOP',
  'ENOTREG',
  'EACCES',
  'ENXIO',
]);

/**
 * Overwrites every secret in the files below a directory. An agent writes its conversations down there, with whatever it was
 * shown; they are copied with the workspace, and read by all programs of the app. What is written is as long as what was
 * there, so that databases stay whole. Nothing may write to the files meanwhile.
 */
export async function blankSecrets(directory: string, mask: Mask): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let left = MOST;
  for (const entry of entries) {
    if (left > 0 && entry.isFile()) left -= await blankFile(entry, mask);
  }
}

/** @returns how long it is */
async function blankFile(entry: Dirent, mask: Mask): Promise<number> {
  try {
    await using file = await openRegular(join(entry.parentPath, entry.name), constants.O_RDWR);
    const { size, nlink } = await file.stat();
    // Another name of a file that lies elsewhere is none of the agent's.
    if (nlink > 1 || size > MOST) return 0;
    await blankAll(file, size, mask);
    return size;
  } catch (error) {
    if (PASSED_OVER.has(errnoOf(error))) return 0;
    throw error;
  }
}

async function blankAll(file: FileHandle, size: number, mask: Mask): Promise<void> {
  // As much again as a secret is looked for in at most: it may begin in one chunk and end in the next.
  for (let at = 0; at < size; at += CHUNK) {
    const bytes = await readAt(file, at, CHUNK + PIECE);
    for (const span of mask.places(bytes)) await blank(file, at, span);
  }
}

async function blank(file: FileHandle, at: number, { start, end }: Span): Promise<void> {
  const length = end - start;
  if (length >= SHORTEST) await file.write(Buffer.alloc(length, BLANK), 0, length, at + start);
}
