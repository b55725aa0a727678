const ROOT = 0;
const NONE = 0;

/**
 * Finds the longest of many byte strings at a place, in time that does not grow with how many there are. Compact: a
 * sandbox may have thousands of them.
 */
export class ByteTrie {
  /** By node: its byte, its first child, its next sibling, and whether a string ends there. */
  readonly #bytes: Uint8Array;
  readonly #children: Int32Array;
  readonly #siblings: Int32Array;
  readonly #ends: Uint8Array;
  /** One bit for each pair of bytes that a string begins with: nearly every place is passed over by this alone. */
  readonly #beginnings = new Uint8Array(8192);
  #size = 1;

  /** @param strings of two bytes or more, one character each */
  constructor(strings: Iterable<string>) {
    const all = [...strings];
    const nodes = all.reduce((sum, one) => sum + one.length, 1);
    this.#bytes = new Uint8Array(nodes);
    this.#children = new Int32Array(nodes);
    this.#siblings = new Int32Array(nodes);
    this.#ends = new Uint8Array(nodes);
    for (const one of all) this.#add(one);
  }

  /**
   * The length of the longest string at `at`; 0 for none.
   * @returns undefined when that is not told yet, since the bytes end where a string may go on
   */
  match(bytes: Uint8Array, at: number): number | undefined {
    const left = bytes.length - at;
    if (left >= 2 && !this.#begins(bytes[at] ?? 0, bytes[at + 1] ?? 0)) return 0;
    let node = ROOT;
    let longest = 0;
    for (let length = 0; this.#children[node] !== NONE; length += 1) {
      if (length === left) return undefined;
      node = this.#child(node, bytes[at + length] ?? 0);
      if (node === NONE) return longest;
      if (this.#ends[node] === 1) longest = length + 1;
    }
    return longest;
  }

  /** The same when nothing more comes. */
  matchAtEnd(bytes: Uint8Array, at: number): number {
    let longest = 0;
    let node = ROOT;
    for (let length = 1; at + length <= bytes.length; length += 1) {
      node = this.#child(node, bytes[at + length - 1] ?? 0);
      if (node === NONE) break;
      if (this.#ends[node] === 1) longest = length;
    }
    return longest;
  }

  #add(one: string): void {
    const pair = one.charCodeAt(0) * 256 + one.charCodeAt(1);
    this.#beginnings[pair >> 3] = (this.#beginnings[pair >> 3] ?? 0) | (1 << (pair & 7));
    let node = ROOT;
    for (let at = 0; at < one.length; at += 1) {
      const byte = one.charCodeAt(at);
      node = this.#child(node, byte) || this.#grow(node, byte);
    }
    this.#ends[node] = 1;
  }

  #begins(first: number, second: number): boolean {
    const pair = first * 256 + second;
    return ((this.#beginnings[pair >> 3] ?? 0) & (1 << (pair & 7))) !== 0;
  }

  #child(node: number, byte: number): number {
    let child = this.#children[node] ?? NONE;
    while (child !== NONE && this.#bytes[child] !== byte) child = this.#siblings[child] ?? NONE;
    return child;
  }

  #grow(node: number, byte: number): number {
    const child = this.#size;
    this.#size += 1;
    this.#bytes[child] = byte;
    this.#siblings[child] = this.#children[node] ?? NONE;
    this.#children[node] = child;
    return child;
  }
}
