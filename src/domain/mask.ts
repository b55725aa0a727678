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
