import { readSync } from 'node:fs';
import { BLOCK_BYTES, NAME_BYTES, type NewHeader, TYPE, encodeHeader, paddingOf } from './tar-header.ts';

/** What is handed on at a time. */
export const CHUNK_BYTES = 2 * 1024 ** 2;

/** Where the bytes are gathered: of that size, with whatever is in it. */
export type Memory = (size: number) => ArrayBuffer;

/** The bytes of a tar archive, gathered into chunks, each in memory of its own. */
export class TarStream {
  readonly #memory: Memory;
  #chunk: Buffer<ArrayBuffer>;
  #used = 0;
  #full: Uint8Array<ArrayBuffer>[] = [];

  constructor(memory: Memory = (size) => new ArrayBuffer(size)) {
    this.#memory = memory;
    this.#chunk = this.#fresh();
  }

  /** Begins an entry, whatever the length of its name and target. Its content comes next. */
  begin(header: NewHeader): void {
    const { name, linkName = '' } = header;
    if (linkName.length > NAME_BYTES) this.#long(TYPE.longTarget, linkName);
    if (name.length > NAME_BYTES) this.#long(TYPE.longName, name);
    this.#header(header);
  }

  /** Says more about the entry that begins next, like `GNU.sparse.major` = `1`. */
  extend(records: Readonly<Record<string, string>>): void {
    const content = Object.entries(records)
      .map(([key, value]) => paxRecord(key, value))
      .join('');
    this.#described(TYPE.extended, 'PaxHeaders', content);
  }

  /** Content that is at hand. */
  put(content: Uint8Array): void {
    for (let at = 0; at < content.byteLength; ) {
      const room = this.#room();
      const part = content.subarray(at, at + room.byteLength);
      room.set(part);
      this.#advance(part.byteLength);
      at += part.byteLength;
    }
  }

  /**
   * A part of a file's content, of at most the wanted bytes.
   * @returns how many it was, less than wanted also where a chunk ends; and one more where the file goes on and there was
   *   room to see it, which costs no call of its own
   */
  read(fd: number, wanted: number, position: number): number {
    const room = CHUNK_BYTES - this.#used;
    const read = readSync(fd, this.#chunk, this.#used, Math.min(wanted + 1, room), position);
    this.#advance(Math.min(read, wanted));
    return read;
  }

  /** Zeros, at most as many as fit into a chunk. @returns how many it was */
  zeros(wanted: number): number {
    const count = Math.min(wanted, CHUNK_BYTES - this.#used);
    this.#chunk.fill(0, this.#used, this.#used + count);
    this.#advance(count);
    return count;
  }

  /** Fills up the last block of a content of that many bytes. */
  pad(bytes: number): void {
    // Never across chunks: those are whole blocks.
    this.zeros(paddingOf(bytes));
  }

  /** The chunks that are full. */
  take(): Uint8Array<ArrayBuffer>[] {
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  /** The mark of the archive's end, and all that is left. */
  end(): Uint8Array<ArrayBuffer>[] {
    for (let left = 2 * BLOCK_BYTES; left > 0; ) left -= this.zeros(left);
    const last = this.#chunk.subarray(0, this.#used);
    return [...this.take(), last];
  }

  #long(type: 'L' | 'K', text: string): void {
    this.#described(type, '././@LongLink', `${text}\0`);
  }

  #described(type: NewHeader['type'], name: string, content: string): void {
    const isPosix = type === TYPE.extended;
    this.#header({ name, type, mode: 0o644, size: content.length, mtime: 0, isPosix });
    this.put(Buffer.from(content, 'latin1'));
    this.pad(content.length);
  }

  #header(header: NewHeader): void {
    const block = this.#room().subarray(0, BLOCK_BYTES);
    encodeHeader(block.fill(0), header);
    this.#advance(BLOCK_BYTES);
  }

  /** Never empty. */
  #room(): Buffer {
    return this.#chunk.subarray(this.#used);
  }

  #advance(bytes: number): void {
    this.#used += bytes;
    if (this.#used < CHUNK_BYTES) return;
    this.#full.push(this.#chunk);
    this.#chunk = this.#fresh();
    this.#used = 0;
  }

  #fresh(): Buffer<ArrayBuffer> {
    return Buffer.from(this.#memory(CHUNK_BYTES));
  }
}

/** `<length of the whole record> <key>=<value>\n` */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}
