/** Where no string has begun. */
export const START = 0;

/**
 * Finds every place in a stream of bytes where one of many strings ends, in time that depends on the length of the stream
 * alone (Aho and Corasick): neither many secrets nor a text that nearly is one everywhere makes it slow. A state stands
 * for the longest beginning of a string that what was read ends with.
 */
export class ByteAutomaton {
  readonly #first = new Int32Array(256);
  readonly #edges: Edges;
  /** By state: the one for the next shorter beginning. */
  readonly #fallback: Int32Array;
  readonly #depths: Uint8Array;
  readonly #found: Uint8Array;

  /** @param strings of 1 to 255 bytes, one character each */
  constructor(strings: ReadonlySet<string>) {
    let states = 1;
    for (const one of strings) states += one.length;
    this.#edges = new Edges(states);
    this.#fallback = new Int32Array(states);
    this.#depths = new Uint8Array(states);
    this.#found = new Uint8Array(states);
    const origins: Origin = { parents: new Int32Array(states), bytes: new Uint8Array(states), size: 1 };
    for (const one of strings) this.#add(one, origins);
    this.#link(origins);
  }

  /** The state after one more byte. */
  next(state: number, byte: number): number {
    for (let at = state; at !== START; at = this.#fallback[at] ?? START) {
      const to = this.#edges.get(at, byte);
      if (to !== START) return to;
    }
    return this.#first[byte] ?? START;
  }

  /** How many of the bytes read last may be the beginning of a string. */
  depth(state: number): number {
    return this.#depths[state] ?? 0;
  }

  /** The length of the longest string that ends here; 0 for none. */
  found(state: number): number {
    return this.#found[state] ?? 0;
  }

  #add(one: string, origins: Origin): void {
    let state = START;
    for (let at = 0; at < one.length; at += 1) {
      const byte = one.charCodeAt(at);
      const known = state === START ? (this.#first[byte] ?? START) : this.#edges.get(state, byte);
      state = known === START ? this.#grow(state, byte, origins) : known;
    }
    this.#found[state] = one.length;
  }

  #grow(from: number, byte: number, origins: Origin): number {
    const state = origins.size;
    origins.size += 1;
    origins.parents[state] = from;
    origins.bytes[state] = byte;
    this.#depths[state] = this.depth(from) + 1;
    if (from === START) this.#first[byte] = state;
    else this.#edges.set(from, byte, state);
    return state;
  }

  /** From the shortest beginnings to the longest: each needs those that are shorter. */
  #link({ parents, bytes, size }: Origin): void {
    for (const state of byDepth(this.#depths.subarray(0, size))) {
      const parent = parents[state] ?? START;
      // Neither the start nor a first byte has anything shorter to fall back to.
      if (parent === START) continue;
      const fallback = this.next(this.#fallback[parent] ?? START, bytes[state] ?? 0);
      this.#fallback[state] = fallback;
      if (this.found(state) === 0) this.#found[state] = this.found(fallback);
    }
  }
}

/** The states from the shallowest on: counted into their places, since there may be a million of them. */
function byDepth(depths: Uint8Array): Int32Array {
  const places = new Int32Array(257);
  for (const depth of depths) places[depth + 1] = (places[depth + 1] ?? 0) + 1;
  for (let depth = 1; depth < places.length; depth += 1)
    places[depth] = (places[depth] ?? 0) + (places[depth - 1] ?? 0);
  const order = new Int32Array(depths.length);
  for (const [state, depth] of depths.entries()) {
    const place = places[depth] ?? 0;
    order[place] = state;
    places[depth] = place + 1;
  }
  return order;
}

/** How each state came to be. */
interface Origin {
  readonly parents: Int32Array;
  readonly bytes: Uint8Array;
  size: number;
}

/** From a state, by a byte, to another: a hash table in two arrays. */
class Edges {
  readonly #keys: Uint32Array;
  readonly #targets: Int32Array;
  readonly #shift: number;

  constructor(count: number) {
    const bits = Math.ceil(Math.log2(count * 2));
    this.#shift = 32 - bits;
    this.#keys = new Uint32Array(2 ** bits);
    this.#targets = new Int32Array(2 ** bits);
  }

  get(state: number, byte: number): number {
    return this.#targets[this.#place((state * 256 + byte) >>> 0)] ?? START;
  }

  set(state: number, byte: number, target: number): void {
    const key = (state * 256 + byte) >>> 0;
    const place = this.#place(key);
    this.#keys[place] = key;
    this.#targets[place] = target;
  }

  /** Where a key is, or would be. No state that has edges is 0, and so no key is. */
  #place(key: number): number {
    const last = this.#keys.length - 1;
    let place = Math.imul(key, 0x9e3779b1) >>> this.#shift;
    while (this.#keys[place] !== key && this.#keys[place] !== 0) place = (place + 1) & last;
    return place;
  }
}
