import { stripVTControlCharacters } from 'node:util';
import { tailOf } from './bounded.ts';

/** Bytes that are held; enough for the characters that are told, however many escape sequences are among them. */
const HELD_BYTES = 64 * 1024;

/** The last of what a program has said. */
export class OutputTail {
  #chunks: Buffer[] = [];
  #length = 0;

  push(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length <= 2 * HELD_BYTES) return;
    const held = Buffer.from(Buffer.concat(this.#chunks).subarray(-HELD_BYTES));
    this.#chunks = [held];
    this.#length = held.length;
  }

  /** For people: without colours and cursor movements. */
  text(characters: number): string {
    const said = Buffer.concat(this.#chunks).toString('utf8');
    return tailOf(stripVTControlCharacters(said).replaceAll('\r\n', '\n').trim(), characters);
  }
}
