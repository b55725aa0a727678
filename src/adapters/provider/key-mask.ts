const MASK = '••••';
const MASK_BYTES = Buffer.from(MASK);
const NOTHING = Buffer.alloc(0);
/** Services without authentication are given words like `none` or `EMPTY`: those are no secrets, and stand in texts. */
const SHORTEST_SECRET = 8;

/**
 * Takes a provider's key out of whatever the provider sends back: error messages repeat keys, and debugging gateways
 * whole requests. It is meant for accidents: a provider that wants to give its own key away can write it in other ways.
 */
export class KeyMask {
  readonly #key: string | undefined;

  constructor(key: string | undefined) {
    this.#key = key !== undefined && key.length >= SHORTEST_SECRET ? key : undefined;
  }

  text(text: string): string {
    return this.#key === undefined ? text : text.replaceAll(this.#key, MASK);
  }

  /** For one stream of bytes. */
  stream(): MaskedStream {
    return new MaskedStream(Buffer.from(this.#key ?? ''));
  }
}

/** Holds nothing back but what may be the beginning of the key. */
export class MaskedStream {
  readonly #key: Buffer;
  #held: Buffer = NOTHING;

  constructor(key: Buffer) {
    this.#key = key;
  }

  push(chunk: Buffer): Buffer {
    if (this.#key.length === 0) return chunk;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const parts: Buffer[] = [];
    let start = 0;
    for (let at = bytes.indexOf(this.#key); at >= 0; at = bytes.indexOf(this.#key, start)) {
      parts.push(bytes.subarray(start, at), MASK_BYTES);
      start = at + this.#key.length;
    }
    const rest = bytes.subarray(start);
    const settled = rest.length - this.#beginning(rest);
    this.#held = rest.subarray(settled);
    if (parts.length === 0) return rest.subarray(0, settled);
    return Buffer.concat([...parts, rest.subarray(0, settled)]);
  }

  /** What was held back, when nothing more comes. */
  end(): Buffer {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }

  /** How many bytes at the end may be the beginning of the key. */
  #beginning(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#key.length - 1); length > 0; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(this.#key.subarray(0, length))) return length;
    }
    return 0;
  }
}
