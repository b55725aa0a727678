import { stripVTControlCharacters } from 'node:util';
import { MaskedOutput, type MaskSource } from '../config/masked-output.ts';
import { tailOf } from './bounded.ts';

/** Bytes that are held; enough for the characters that are told, however many escape sequences are among them. */
const HELD_BYTES = 64 * 1024;

/** The last of what a program has said, without what is secret. */
export class OutputTail {
  readonly #masked: MaskedOutput;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(masks: MaskSource) {
    this.#masked = new MaskedOutput(masks);
  }

  push(bytes: Uint8Array): void {
    this.#hold(this.#masked.push(bytes));
  }

  #hold(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length <= 2 * HELD_BYTES) return;
    const held = Buffer.from(Buffer.concat(this.#chunks).subarray(-HELD_BYTES));
    this.#chunks = [held];
    this.#length = held.length;
  }

  /** For people: without colours and cursor movements. */
  text(characters: number): string {
    this.#hold(this.#masked.end());
    const said = Buffer.concat(this.#chunks).toString('utf8');
    return tailOf(stripVTControlCharacters(said).replaceAll('\r\n', '\n').trim(), characters);
  }
}
