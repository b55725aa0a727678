import type { Buffer } from 'node:buffer';
import { Malformed } from './response-head.ts';

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;
/** 2^32 bytes in one chunk is beyond any server's buffer. */
const SIZE_DIGITS = 8;
/** Of one size line's extension, and of all trailers together. */
const OVERHEAD_BYTES = 8 * 1024;

type State =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'
  | 'line'
  | 'line-lf';

/** Undoes the chunked coding of a body that arrives in any pieces. Trailers are checked for their end and dropped. */
export class ChunkedDecoder {
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  #overhead = 0;
  /** Whether the line being read is the empty one that ends the body. */
  #last = false;

  /**
   * Hands the data in `bytes` to `emit` without copying.
   * @returns how many bytes belong to the body once it is complete, undefined while it is not
   */
  push(bytes: Buffer, emit: (data: Buffer) => void): number | Malformed | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        at = this.#data(bytes, at, emit);
        continue;
      }
      const problem = this.#byte(bytes[at] ?? 0);
      at++;
      if (problem === 'complete') return at;
      if (problem !== undefined) return new Malformed(problem);
    }
    return undefined;
  }

  #data(bytes: Buffer, at: number, emit: (data: Buffer) => void): number {
    const end = Math.min(bytes.length, at + this.#size);
    emit(bytes.subarray(at, end));
    this.#size -= end - at;
    if (this.#size === 0) this.#state = 'data-cr';
    return end;
  }

  /** Advances over one byte of framing. @returns `complete`, or what is wrong, or undefined */
  #byte(byte: number): string | undefined {
    switch (this.#state) {
      case 'size':
        return this.#sizeByte(byte);
      case 'extension':
        if (byte === CR) return this.#to('size-lf');
        return this.#spend(byte);
      case 'size-lf':
        if (byte !== LF) return 'a chunk size does not end with CRLF';
        return this.#sizeRead();
      case 'data-cr':
        return byte === CR ? this.#to('data-lf') : 'a chunk is longer than its size';
      case 'data-lf':
        return byte === LF ? this.#to('size') : 'a chunk is longer than its size';
      default:
        return this.#trailerByte(byte);
    }
  }

  #sizeByte(byte: number): string | undefined {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > SIZE_DIGITS) return 'a chunk size is too long';
      this.#size = this.#size * 16 + digit;
      return undefined;
    }
    if (this.#digits === 0) return 'a chunk size is missing';
    if (byte === CR) return this.#to('size-lf');
    return byte === SEMICOLON ? this.#to('extension') : 'a chunk size is malformed';
  }

  #sizeRead(): undefined {
    this.#digits = 0;
    this.#overhead = 0;
    this.#to(this.#size === 0 ? 'trailer' : 'data');
  }

  #trailerByte(byte: number): string | undefined {
    if (this.#state === 'line-lf') {
      if (byte !== LF) return 'a trailer does not end with CRLF';
      return this.#last ? 'complete' : this.#to('trailer');
    }
    if (byte === CR) {
      this.#last = this.#state === 'trailer';
      return this.#to('line-lf');
    }
    this.#to('line');
    return this.#spend(byte);
  }

  #spend(byte: number): string | undefined {
    if (byte === LF) return 'its chunked framing has a bare LF';
    return ++this.#overhead > OVERHEAD_BYTES ? 'its chunked framing is too long' : undefined;
  }

  #to(state: State): undefined {
    this.#state = state;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
