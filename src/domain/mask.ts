import { ByteAutomaton, START } from './byte-automaton.ts';
import { formsOf, plainForms } from './secret-forms.ts';

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
  /** Where secrets are in bytes, each part once; a secret that begins before them or ends after them may be missed. */
  places(bytes: Uint8Array): readonly Span[];
}

/** From the first byte to the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
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
export const PIECE = 64;
const STRIDE = 48;

/**
 * Characters of secrets that are looked for in their encodings as well, the shortest secrets first: ten times what an
 * app has, and little enough to be made in a moment.
 */
const MAX_ENCODED = 32 * 1024;

/**
 * Made when something is first looked through: of all that an app can be configured with that takes half a second and tens of
 * megabytes.
 * @param secrets the values themselves; those that are too short to be secrets are left out
 */
export function maskOf(secrets: readonly string[]): Mask {
  const long = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET);
  if (long.length === 0) return NO_MASK;
  let made: ByteAutomaton | undefined;
  const automaton = () => (made ??= new ByteAutomaton(new Set(allForms(long).flatMap(piecesOf))));
  const text = (plain: string) => (plain.length < SHORTEST_SECRET ? plain : maskedText(automaton(), plain));
  return {
    text,
    json: (value) => maskedJson(text, value),
    stream: () => new AutomatonStream(automaton()),
    places: (bytes) => new AutomatonStream(automaton()).places(bytes),
  };
}

function allForms(secrets: readonly string[]): string[] {
  let left = MAX_ENCODED;
  return secrets
    .toSorted((a, b) => a.length - b.length)
    .flatMap((secret) => {
      left -= secret.length;
      return left >= 0 ? formsOf(secret) : plainForms(secret);
    });
}

/** For nobody's secrets. */
const NO_MASK: Mask = {
  text: (text) => text,
  json: (value) => value,
  stream: () => ({ push: (chunk) => chunk, end: () => NOTHING }),
  places: () => [],
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

function maskedText(automaton: ByteAutomaton, text: string): string {
  const stream = new AutomatonStream(automaton);
  const parts = [stream.push(new TextEncoder().encode(text)), stream.end()];
  return stream.hasFound ? new TextDecoder().decode(concat(parts)) : text;
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
class AutomatonStream implements MaskedStream {
  readonly #automaton: ByteAutomaton;
  #state = START;
  #held: Uint8Array = NOTHING;
  /** What is masked as one, in what is held back; it starts before that when its mask has been given out already. */
  #spans: Span[] = [];
  #hasFound = false;

  constructor(automaton: ByteAutomaton) {
    this.#automaton = automaton;
  }

  get hasFound(): boolean {
    return this.#hasFound;
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? chunk : concat([this.#held, chunk]);
    this.#read(bytes, this.#held.length);
    // What comes later begins no earlier than what may have begun by now.
    return this.#settle(bytes, bytes.length - this.#automaton.depth(this.#state));
  }

  end(): Uint8Array {
    this.#state = START;
    return this.#settle(this.#held, this.#held.length);
  }

  places(bytes: Uint8Array): readonly Span[] {
    this.#read(bytes, 0);
    return this.#spans;
  }

  #read(bytes: Uint8Array, from: number): void {
    const automaton = this.#automaton;
    let state = this.#state;
    for (let at = from; at < bytes.length; at += 1) {
      state = automaton.next(state, bytes[at] ?? 0);
      const length = automaton.found(state);
      if (length > 0) this.#cover(at + 1 - length, at + 1);
    }
    this.#state = state;
  }

  #cover(from: number, end: number): void {
    this.#hasFound = true;
    let start = from;
    for (let last = this.#spans.at(-1); last !== undefined && last.end > start; last = this.#spans.at(-1)) {
      start = Math.min(start, last.start);
      this.#spans.pop();
    }
    this.#spans.push({ start, end });
  }

  /** Gives out what is before `end`, and holds back the rest. */
  #settle(bytes: Uint8Array, end: number): Uint8Array {
    const parts: Uint8Array[] = [];
    const rest: Span[] = [];
    let at = 0;
    for (const span of this.#spans) {
      if (span.end > end) rest.push({ start: span.start < end ? -1 : span.start - end, end: span.end - end });
      if (span.start >= end) continue;
      if (span.start >= 0) parts.push(bytes.subarray(at, span.start), MASK_BYTES);
      at = Math.min(span.end, end);
    }
    parts.push(bytes.subarray(at, end));
    this.#spans = rest;
    // A copy: what is held must not keep a whole chunk alive, nor change when its owner uses it again.
    this.#held = bytes.slice(end);
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
