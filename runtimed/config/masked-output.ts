import { type Mask, type MaskedStream, maskOf } from '../../src/domain/mask.ts';

/** Knows what is secret by now. */
export interface MaskSource {
  readonly mask: Mask;
}

/** For what is masked elsewhere, or tells nothing of the app. */
export const NOTHING_SECRET: MaskSource = { mask: maskOf([]) };

/** One stream of bytes, without what is secret at the time: also where a secret begins in one piece and ends in the next. */
export class MaskedOutput {
  readonly #source: MaskSource;
  #mask: Mask;
  #stream: MaskedStream;

  constructor(source: MaskSource) {
    this.#source = source;
    this.#mask = source.mask;
    this.#stream = this.#mask.stream();
  }

  /** What can be shown by now. */
  push(bytes: Uint8Array): Uint8Array {
    const { mask } = this.#source;
    if (mask === this.#mask) return this.#stream.push(bytes);
    const held = this.#stream.end();
    this.#mask = mask;
    this.#stream = mask.stream();
    return this.#stream.push(held.length === 0 ? bytes : Buffer.concat([held, bytes]));
  }

  /** What was held back. More may come after that. */
  end(): Uint8Array {
    const rest = this.#stream.end();
    this.#stream = this.#mask.stream();
    return rest;
  }
}
