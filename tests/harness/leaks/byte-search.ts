import type { Needle } from './needles.ts';

export interface Found {
  readonly secret: string;
  readonly form: string;
}

/** Bytes that are looked up at once. */
const BLOCK = 2;
/** Bytes. Shorter needles would be found by chance. */
const SHORTEST = 10;

/**
 * Looks for many needles at once (Wu and Manber): most bytes are skipped, since the two that are looked at tell how far
 * away the next needle is at least.
 */
export class ByteSearch {
  readonly #shift: Uint8Array;
  readonly #ending = new Map<number, Needle[]>();
  readonly #window: number;
  readonly #longest: number;

  constructor(needles: readonly Needle[]) {
    const lengths = needles.map(({ bytes }) => bytes.length);
    this.#window = Math.min(...lengths);
    this.#longest = Math.max(...lengths);
    if (!(this.#window >= SHORTEST))
      throw new Error('There is no secret to look for, or one that is too short.');
    const furthest = Math.min(255, this.#window - BLOCK + 1);
    this.#shift = new Uint8Array(2 ** 16).fill(furthest);
    for (const needle of needles) this.#add(needle);
  }

  #add(needle: Needle): void {
    for (let end = BLOCK; end <= this.#window; end += 1) {
      const block = needle.bytes.readUInt16LE(end - BLOCK);
      this.#shift[block] = Math.min(this.#shift[block] ?? 0, this.#window - end);
    }
    const last = needle.bytes.readUInt16LE(this.#window - BLOCK);
    this.#ending.set(last, [...(this.#ending.get(last) ?? []), needle]);
  }

  in(bytes: Buffer): Found[] {
    const found = new Set<Needle>();
    for (let end = this.#window; end <= bytes.length; ) {
      const block = (bytes[end - 2] ?? 0) | ((bytes[end - 1] ?? 0) << 8);
      const shift = this.#shift[block] ?? 0;
      if (shift === 0) this.#compare(bytes, end - this.#window, block, found);
      end += Math.max(1, shift);
    }
    return [...found].map(({ secret, form }) => ({ secret, form }));
  }

  #compare(bytes: Buffer, start: number, block: number, found: Set<Needle>): void {
    for (const needle of this.#ending.get(block) ?? []) {
      if (found.has(needle)) continue;
      const end = start + needle.bytes.length;
      if (end <= bytes.length && needle.bytes.equals(bytes.subarray(start, end))) found.add(needle);
    }
  }

  /** Passes the pieces on, and says of each, with what came right before it, what is in it. */
  async *through(
    pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
    onFound: (found: Found) => void,
  ): AsyncGenerator<Buffer> {
    let before = Buffer.alloc(0);
    for await (const piece of pieces) {
      const seam = Buffer.concat([before, piece.subarray(0, this.#longest)]);
      for (const found of [...this.in(seam), ...this.in(piece)]) onFound(found);
      before = Buffer.concat([before, piece]).subarray(-this.#longest);
      yield piece;
    }
  }
}
