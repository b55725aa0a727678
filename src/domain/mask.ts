import { ByteTrie } from './byte-trie.ts';
import { formsOf } from './secret-forms.ts';

/** What stands in the place of a secret. */
export const MASK = '••••';
/** Characters. Shorter values are words like `true` or `none`: masking them would make output unreadable. */
export const SHORTEST_SECRET = 4;

/**
 * Takes secrets out of output: as they are, and as their usual encodings (base64 at any alignment, base64url,
 * URL-encoded, JSON-escaped); of one with several lines, each line that is long enough as well. It is meant for
 * accidents: who wants to give a secret away can write it in other ways.
 */
export interface Mask {
  text(text: string): string;
  /** The same for every string in a value that is JSON; keys of objects stay. */
  json<Value>(value: Value): Value;
  /** For one stream of bytes. */
  stream(): MaskedStream;
}

/** Holds nothing back but what may be the beginning of a secret. */
export interface MaskedStream {
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back, when nothing more comes. */
  end(): Uint8Array;
}

const MASK_BYTES = new TextEncoder().encode(MASK);
const NOTHING = new Uint8Array(0);
/**
 * Bytes. A longer secret is looked for in pieces that overlap: a part of it is a secret as well, little has to be held
 * back, and no text takes long to look through.
 */
const PIECE = 64;
const STRIDE = 48;

/** @param secrets the values themselves; those that are too short to be secrets are left out */
export function maskOf(secrets: readonly string[]): Mask {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  if (long.length === 0) return NO_MASK;
  const forms = new Set(long.flatMap(formsOf));
  const trie = new ByteTrie(new Set([...forms].flatMap(piecesOf)));
  const text = (plain: string) => maskedText(trie, plain);
  return { text, json: (value) => maskedJson(text, value), stream: () => new TrieStream(trie) };
}

/** For nobody's secrets. */
const NO_MASK: Mask = {
  text: (text) => text,
  json: (value) => value,
  stream: () => ({ push: (chunk) => chunk, end: () => NOTHING }),
};

function piecesOf(form: string): string[] {
  if (form.length <= PIECE) return [form];
  const strides = Math.ceil((form.length - PIECE) / STRIDE);
  const starts = [...Array.from({ length: strides }, (_, index) => index * STRIDE), form.length - PIECE];
  return starts.map((start) => form.slice(cut(form, start), cut(form, start + PIECE)));
}

/** The nearest place from `at` to the front that is not within a character of UTF-8. */
function cut(bytes: string, at: number): number {
  let place = at;
  while ((bytes.charCodeAt(place) & 0xc0) === 0x80) place -= 1;
  return place;
}

function maskedText(trie: ByteTrie, text: string): string {
  if (text.length < SHORTEST_SECRET) return text;
  const bytes = new TextEncoder().encode(text);
  const stream = new TrieStream(trie);
  const parts = [stream.push(bytes), stream.end()];
  return stream.found ? new TextDecoder().decode(concat(parts)) : text;
}

function maskedJson<Value>(text: (plain: string) => string, value: Value): Value {
  const masked = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one);
    if (Array.isArray(one)) return one.map(masked);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, masked(inner)]));
  };
  return masked(value) as Value;
}

/** Covers everything that any secret covers: of two that overlap, no rest of the second is left. */
class TrieStream implements MaskedStream {
  readonly #trie: ByteTrie;
  #held: Uint8Array = NOTHING;
  /** How many of the bytes held back are part of what was masked already. */
  #covered = 0;
  #found = false;

  constructor(trie: ByteTrie) {
    this.#trie = trie;
  }

  get found(): boolean {
    return this.#found;
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? chunk : concat([this.#held, chunk]);
    return this.#pass(bytes, (at) => this.#trie.match(bytes, at));
  }

  end(): Uint8Array {
    const bytes = this.#held;
    return this.#pass(bytes, (at) => this.#trie.matchAtEnd(bytes, at));
  }

  #pass(bytes: Uint8Array, match: (at: number) => number | undefined): Uint8Array {
    const parts: Uint8Array[] = [];
    let covered = this.#covered;
    let at = 0;
    for (; at < bytes.length; at += 1) {
      const length = match(at);
      if (length === undefined) break;
      if (length === 0) continue;
      if (at >= covered) parts.push(bytes.subarray(covered, at), MASK_BYTES);
      covered = Math.max(covered, at + length);
      this.#found = true;
    }
    parts.push(bytes.subarray(Math.min(covered, at), at));
    // A copy: what is held must not keep a whole chunk alive, nor change when its owner uses it again.
    this.#held = bytes.slice(at);
    this.#covered = Math.max(0, covered - at);
    return concat(parts);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const some = parts.filter((part) => part.length > 0);
  if (some.length <= 1) return some[0] ?? NOTHING;
  const whole = new Uint8Array(some.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of some) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
