import type { Limits } from './limits.ts';

/** Why an upstream's bytes are no HTTP response: for people, and nothing of the bytes themselves. */
export class Malformed {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** A response head that has passed every check: nothing in it can surprise what writes it out again. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Whether the connection may be used again. */
  readonly keepAlive: boolean;
  /** Name, value, name, value …: without Connection, Transfer-Encoding, and any Content-Length but the first. */
  readonly fields: readonly string[];
  /** Bytes of the body as announced; -1 when it was not. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** Lower-case options of the Connection field: `close`, `upgrade`, and names of fields not to be passed on. */
  readonly connection: readonly string[];
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Anything that may not stand in a field value. */
const NOT_TEXT = /[^\t\x20-\x7e\x80-\xff]/;
const DIGITS = /^\d{1,15}$/;

/** Reads `text`, one whole head up to and including the CRLF of its last line. Never throws. */
export function parseResponseHead(text: string, limits: Limits): ResponseHead | Malformed {
  const lineEnd = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (!line) return new Malformed('its status line is malformed');
  const parser = new FieldParser(limits.responseFields);
  const problem = parser.parse(text, lineEnd + 2);
  if (problem !== undefined) return new Malformed(problem);
  const modern = line[1] === '1';
  if (parser.chunked && !modern) return new Malformed('it uses Transfer-Encoding in HTTP/1.0');
  return {
    status: Number(line[2]),
    reason: line[3] ?? '',
    keepAlive: modern && !parser.connection.includes('close'),
    fields: parser.fields,
    contentLength: parser.contentLength,
    chunked: parser.chunked,
    connection: parser.connection,
  };
}

/** Collects the fields of one head and decides how its body is delimited. */
class FieldParser {
  readonly fields: string[] = [];
  connection: readonly string[] = [];
  contentLength = -1;
  chunked = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns what is wrong, if anything is */
  parse(text: string, start: number): string | undefined {
    let count = 0;
    for (let at = start; at < text.length; ) {
      const end = text.indexOf('\r\n', at);
      const colon = text.indexOf(':', at);
      if (colon < 0 || colon > end) return 'a header line has no colon';
      const name = text.slice(at, colon);
      if (!TOKEN.test(name)) return 'a header name is malformed';
      const value = trimmed(text, colon + 1, end);
      if (NOT_TEXT.test(value)) return 'a header value has control characters';
      if (++count > this.#limit) return `it has more than ${this.#limit} header lines`;
      const problem = this.#field(name, value);
      if (problem !== undefined) return problem;
      at = end + 2;
    }
    return this.chunked && this.contentLength >= 0
      ? 'it has both Content-Length and Transfer-Encoding'
      : undefined;
  }

  #field(name: string, value: string): string | undefined {
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === 'connection') {
          this.connection = [...this.connection, ...options(value)];
          return undefined;
        }
        break;
      case 14:
        if (name.toLowerCase() === 'content-length') return this.#length(name, value);
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') return this.#coding(value);
        break;
      default:
    }
    this.fields.push(name, value);
    return undefined;
  }

  #length(name: string, value: string): string | undefined {
    if (!DIGITS.test(value)) return 'its Content-Length is no number';
    if (this.contentLength >= 0) {
      return this.contentLength === Number(value) ? undefined : 'it has two different Content-Lengths';
    }
    this.contentLength = Number(value);
    this.fields.push(name, value);
    return undefined;
  }

  #coding(value: string): string | undefined {
    if (this.chunked || value.toLowerCase() !== 'chunked') {
      return 'its Transfer-Encoding is not just "chunked"';
    }
    this.chunked = true;
    return undefined;
  }
}

/** The comma-separated options of a Connection field, in lower case. */
export function options(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
}

function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

const isBlank = (code: number) => code === 0x20 || code === 0x09;
