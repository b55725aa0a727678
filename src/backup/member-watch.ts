import { BLOCK_BYTES, paddingOf } from '../archive/tar-header.ts';
import { decodeEntry } from './tar.ts';

/** Hears the bytes of a backup go by, and tells each member's name as it begins. */
export class MemberWatch {
  readonly #onMember: (name: string) => void;
  #header = Buffer.alloc(0);
  /** Bytes until the next header. */
  #rest = 0;
  #hasEnded = false;

  constructor(onMember: (name: string) => void) {
    this.#onMember = onMember;
  }

  /** @throws invalid_request when this is no backup */
  hear(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength && !this.#hasEnded; ) {
      const taken = Math.min(this.#rest || BLOCK_BYTES - this.#header.byteLength, chunk.byteLength - at);
      if (this.#rest > 0) this.#rest -= taken;
      else this.#begin(chunk.subarray(at, at + taken));
      at += taken;
    }
  }

  #begin(part: Uint8Array): void {
    this.#header = Buffer.concat([this.#header, part]);
    if (this.#header.byteLength < BLOCK_BYTES) return;
    const entry = decodeEntry(this.#header);
    this.#header = Buffer.alloc(0);
    this.#hasEnded = entry === undefined;
    if (entry === undefined) return;
    this.#rest = entry.size + paddingOf(entry.size);
    this.#onMember(entry.name);
  }
}
