import { type FileHandle, lstat } from 'node:fs/promises';
import { LOG_READ_BYTES } from '../../src/domain/runtimed.ts';
import type { Changes } from '../changes.ts';
import { isAbsent, openRegular, readAt } from '../regular-file.ts';
import { predecessorOf } from './log-file.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;
/** A line longer than this is followed in pieces. */
const MAX_LINE_BYTES = 64 * 1024;
/** A log that something else writes to is looked at this often, in milliseconds. */
const FOLLOW_POLL = 1000;

/**
 * The last lines of a log, across its rotation, from at most `maxBytes` of it.
 * @returns undefined when there is no log
 * @throws NotRegularError or the system's error when what is there cannot be read
 */
export async function tailLog(path: string, lines: number, maxBytes: number): Promise<string[] | undefined> {
  const current = await readEnd(path, maxBytes);
  const isShort = current === undefined || current.length < maxBytes;
  const before = isShort ? await readEnd(predecessorOf(path), maxBytes - (current?.length ?? 0)) : undefined;
  if (current === undefined && before === undefined) return undefined;
  const bytes = Buffer.concat([before ?? Buffer.alloc(0), current ?? Buffer.alloc(0)]);
  const start = bytes.length < maxBytes ? 0 : bytes.indexOf(NEWLINE) + 1;
  return lastLines(bytes.subarray(start), lines);
}

/**
 * The last lines of a log, then every line as it is written, until the signal aborts. Slow readers lose nothing but
 * what was rotated away twice while they did not read.
 * @param changes told after every write to the log
 */
export async function* followLog(
  path: string,
  lines: number,
  changes: Changes,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { position, missing } = await startOfLast(path, lines);
  const before = await lastBefore(path, missing);
  if (before !== '') yield before;
  await using reader = new Follower(path, position);
  while (!signal.aborted) {
    const { version } = changes;
    const text = await reader.read();
    if (text === '') await changes.after(version, FOLLOW_POLL, signal);
    else if (text !== undefined) yield text;
  }
}

/** Reads a growing log forwards, on into its successor. */
class Follower implements AsyncDisposable {
  readonly #path: string;
  #position: number;
  #handle: FileHandle | undefined;
  #inode = 0n;
  #partial = Buffer.alloc(0);

  constructor(path: string, position: number) {
    this.#path = path;
    this.#position = position;
  }

  /** Whole lines, each with its newline; "" when there is nothing new; undefined when there may be more at once. */
  async read(): Promise<string | undefined> {
    const handle = this.#handle ?? (await this.#open());
    if (handle === undefined) return '';
    const bytes = await readAt(handle, this.#position, CHUNK_BYTES);
    if (bytes.length > 0) {
      this.#position += bytes.length;
      return this.#wholeLines(bytes) || undefined;
    }
    if (await this.#isStillThere(handle)) return '';
    await this[Symbol.asyncDispose]();
    this.#position = 0;
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #wholeLines(bytes: Buffer): string {
    const all = Buffer.concat([this.#partial, bytes]);
    const end = all.lastIndexOf(NEWLINE) + 1;
    const rest = all.subarray(end);
    this.#partial = rest.length > MAX_LINE_BYTES ? Buffer.alloc(0) : Buffer.from(rest);
    if (rest.length > MAX_LINE_BYTES) return `${all.toString('utf8')}\n`;
    return all.toString('utf8', 0, end);
  }

  async #open(): Promise<FileHandle | undefined> {
    const handle = await openRegular(this.#path).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (handle === undefined) return undefined;
    this.#inode = (await handle.stat({ bigint: true })).ino;
    this.#handle = handle;
    return handle;
  }

  /** False after a rotation, a deletion, or a truncation. */
  async #isStillThere(handle: FileHandle): Promise<boolean> {
    const there = await lstat(this.#path, { bigint: true }).catch(() => undefined);
    return there?.ino === this.#inode && (await handle.stat()).size >= this.#position;
  }
}

/** Where the last lines begin, and how many there are too few. */
async function startOfLast(path: string, lines: number): Promise<{ position: number; missing: number }> {
  try {
    await using handle = await openRegular(path);
    const { size } = await handle.stat();
    const from = Math.max(0, size - LOG_READ_BYTES);
    const { start, missing } = lastIn(await readAt(handle, from, size - from), lines);
    return { position: from + start, missing: from === 0 ? missing : 0 };
  } catch (error) {
    if (isAbsent(error)) return { position: 0, missing: lines };
    throw error;
  }
}

/** The last lines from before the rotation; the very last may go on after it. */
async function lastBefore(path: string, lines: number): Promise<string> {
  const bytes = await readEnd(predecessorOf(path), LOG_READ_BYTES);
  return bytes === undefined || lines === 0 ? '' : bytes.toString('utf8', lastIn(bytes, lines).start);
}

/** Where the last lines begin in this text, and how many of them it does not have. */
function lastIn(bytes: Buffer, lines: number): { start: number; missing: number } {
  let start = bytes.length;
  for (let found = 0; found < lines; found += 1) {
    if (start === 0) return { start, missing: lines - found };
    // Not the end of the line itself, which may be open.
    const before = start - (bytes[start - 1] === NEWLINE ? 2 : 1);
    start = before < 0 ? 0 : bytes.lastIndexOf(NEWLINE, before) + 1;
  }
  return { start, missing: 0 };
}

/** The end of a file; undefined when there is none. */
async function readEnd(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    await using handle = await openRegular(path);
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    return await readAt(handle, size - length, length);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function lastLines(bytes: Buffer, count: number): string[] {
  const text = bytes.toString('utf8');
  if (text === '' || count === 0) return [];
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.slice(-count).map((line) => line.replace(/\r$/, ''));
}
