import { Buffer } from 'node:buffer';
import type { Limits } from './limits.ts';
import { Malformed, parseResponseHead, type ResponseHead } from './response-head.ts';

/** A head, and the bytes that came after it. */
export interface HeadAndRest {
  readonly head: ResponseHead;
  readonly rest: Buffer;
}

const PREFIX = Buffer.from('HTTP/1.', 'latin1');
const END = '\r\n\r\n';
const LF = 0x0a;
const CR = 0x0d;

/**
 * Finds the end of a response head in bytes that arrive in any pieces. Each byte is looked at once, however small the
 * pieces are, and at most `responseHeadBytes` are kept.
 */
export class HeadReader {
  readonly #limits: Limits;
  /** Grows by doubling; only used when a head comes in several pieces. */
  #kept: Buffer | undefined;
  #length = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @returns undefined while the head is incomplete and could still become one */
  push(piece: Buffer): HeadAndRest | Malformed | undefined {
    if (this.#length === 0) {
      const whole = this.#read(piece, 0);
      if (whole === undefined) this.#keep(piece);
      return whole;
    }
    const scanned = this.#length;
    this.#keep(piece);
    const bytes = this.#kept?.subarray(0, this.#length) ?? piece;
    return this.#read(bytes, Math.max(0, scanned - END.length + 1));
  }

  /** @param from where a first `\r\n\r\n` can begin */
  #read(bytes: Buffer, from: number): HeadAndRest | Malformed | undefined {
    const end = bytes.indexOf(END, from, 'latin1');
    const complete = end >= 0;
    if ((complete ? end + END.length : bytes.length + 1) > this.#limits.responseHeadBytes) {
      return new Malformed(`its head is longer than ${this.#limits.responseHeadBytes} bytes`);
    }
    if (!complete) return hopeless(bytes, from);
    const head = parseResponseHead(bytes.toString('latin1', 0, end + 2), this.#limits);
    return head instanceof Malformed ? head : { head, rest: bytes.subarray(end + END.length) };
  }

  #keep(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (this.#kept === undefined || this.#kept.length < length) {
      const grown = Buffer.allocUnsafe(Math.max(1024, length * 2));
      this.#kept?.copy(grown, 0, 0, this.#length);
      this.#kept = grown;
    }
    piece.copy(this.#kept, this.#length);
    this.#length = length;
  }
}

/**
 * Tells early what cannot become a head: without this, a server that speaks something else, or ends its lines with a
 * bare LF, would look slow instead of wrong.
 */
function hopeless(bytes: Buffer, from: number): Malformed | undefined {
  const known = Math.min(bytes.length, PREFIX.length);
  if (bytes.compare(PREFIX, 0, known, 0, known) !== 0) return new Malformed('it is not HTTP/1');
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return new Malformed('its lines do not end with CRLF');
  }
  return undefined;
}
