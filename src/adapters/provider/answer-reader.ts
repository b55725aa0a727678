import { MAX_REPORT_BYTES } from './limits.ts';
import { fieldsOf, parse } from './provider-error.ts';

const NEWLINE = 0x0a;
/** What costs, and what failed: no other event is taken apart. */
const NOTABLE = /"(usage|cost|error)"/;

/** A reader of an answer's bytes as they pass: it finds what is worth knowing in them, and holds little. */
export interface AnswerReader {
  push(chunk: Buffer): void;
  /** Nothing more comes. */
  end(): void;
}

/** @param tell each object that may tell of usage or failure */
export function answerReader(
  contentType: string | undefined,
  tell: (report: Readonly<Record<string, unknown>>) => void,
): AnswerReader {
  const read = (text: string): void => {
    if (NOTABLE.test(text)) tell(fieldsOf(parse(text)));
  };
  return /^text\/event-stream\b/i.test(contentType ?? '') ? new EventReader(read) : new WholeReader(read);
}

/** Bytes until somebody wants them; given up when there are too many. */
class Collected {
  #chunks: Buffer[] = [];
  #length = 0;

  add(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= MAX_REPORT_BYTES) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  /** Begins anew. Empty when it has been too much. */
  take(): string {
    const text = this.#length <= MAX_REPORT_BYTES ? Buffer.concat(this.#chunks).toString() : '';
    this.#chunks = [];
    this.#length = 0;
    return text;
  }
}

/** An answer that is one JSON document. */
class WholeReader implements AnswerReader {
  readonly #collected = new Collected();
  readonly #read: (text: string) => void;

  constructor(read: (text: string) => void) {
    this.#read = read;
  }

  push(chunk: Buffer): void {
    this.#collected.add(chunk);
  }

  end(): void {
    this.#read(this.#collected.take());
  }
}

/** Server-sent events, of which providers write each in one line of data. */
class EventReader implements AnswerReader {
  readonly #line = new Collected();
  readonly #read: (text: string) => void;

  constructor(read: (text: string) => void) {
    this.#read = read;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#line.add(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    if (start < chunk.length) this.#line.add(chunk.subarray(start));
  }

  end(): void {
    const line = this.#line.take();
    if (line.startsWith('data:')) this.#read(line.slice('data:'.length));
  }
}
