const ADDITION = Buffer.from(',"stream_options":{"include_usage":true}');
/** Whitespace is allowed wherever the addition could stand. */
const PADDING = Buffer.alloc(ADDITION.length, ' ');
const NOTHING = Buffer.alloc(0);
/** A longer key is none of those looked for. */
const MAX_KEY_LENGTH = 32;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Bytes a body grows by, whatever is in it: so that its length can be told before it has been read. */
export const ADDED_BYTES = ADDITION.length;

/**
 * Asks for the usage of a streamed chat completion, which is not told otherwise, unless the agent says anything about
 * it itself. The body is looked at as it passes, with nothing held and nothing parsed: a sandbox may send 32 MiB of
 * open brackets on every connection it has. What is no JSON object passes as it is, and the provider judges it.
 */
export class UsageRequest {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Where the string that is read begins to be a key or a value of the outermost object. */
  #word = '';
  #key = '';
  #isKey = false;
  #streams = false;
  #hasOptions = false;
  #isObject = false;
  #done = false;

  push(chunk: Buffer): Buffer[] {
    if (this.#done) return [chunk];
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#ends(chunk[at] ?? 0)) {
        this.#done = true;
        return [chunk.subarray(0, at), this.#addition(), chunk.subarray(at)];
      }
    }
    return [chunk];
  }

  /** What is still to be sent, so that the length is right. */
  end(): Buffer {
    return this.#done ? NOTHING : PADDING;
  }

  #addition(): Buffer {
    return this.#isObject && this.#streams && !this.#hasOptions ? ADDITION : PADDING;
  }

  /** Whether this byte closes the outermost value. */
  #ends(byte: number): boolean {
    if (this.#inString) return this.#readString(byte);
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#isKey) this.#word = '';
        return false;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (this.#depth === 0) this.#isObject = byte === OPEN_BRACE;
        this.#depth += 1;
        this.#isKey = this.#depth === 1 && this.#isObject;
        this.#word = '';
        return false;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        this.#finishValue();
        this.#depth -= 1;
        return this.#depth <= 0;
      default:
        this.#readPlain(byte);
        return false;
    }
  }

  #readString(byte: number): false {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
    if (this.#inString && this.#isKey) this.#append(byte);
    return false;
  }

  #readPlain(byte: number): void {
    if (this.#depth !== 1) return;
    if (byte === COLON && this.#isKey) {
      this.#key = this.#word;
      this.#hasOptions ||= this.#key === 'stream_options';
      this.#isKey = false;
      this.#word = '';
    } else if (byte === COMMA) {
      this.#finishValue();
      this.#isKey = this.#isObject;
    } else if (byte > 0x20 && !this.#isKey) this.#append(byte);
  }

  #finishValue(): void {
    if (this.#depth !== 1) return;
    if (this.#key === 'stream') this.#streams = this.#word === 'true';
    this.#key = '';
    this.#word = '';
  }

  #append(byte: number): void {
    if (this.#word.length < MAX_KEY_LENGTH) this.#word += String.fromCharCode(byte);
  }
}
