import type { FileHandle } from 'node:fs/promises';
import { MAX_TASK_EVENT_BYTES } from '../../src/domain/task.ts';
import { readAt } from '../regular-file.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;
/** The longest event there is: the end of a task with many long paths. What is longer is none of ours. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** No log of ours is longer; what a tenant has put behind it is not read. */
const MAX_READ_BYTES = 2 * MAX_TASK_EVENT_BYTES;

/** Reads a log of events forwards while it grows, and leaves out what is no event or has been told before. */
export class EventLines {
  readonly #handle: FileHandle;
  #position = 0;
  #partial: Buffer[] = [];
  #partialLength = 0;
  #seq: number;
  #at: number | undefined;
  #end = 0;
  #done: string | undefined;

  /** @param since the number of the last event that is known already */
  constructor(handle: FileHandle, since = 0) {
    this.#handle = handle;
    this.#seq = since;
  }

  /** Of what was read. */
  get summary(): {
    readonly seq: number;
    readonly at: number | undefined;
    /** Behind the last whole line. */
    readonly end: number;
    readonly done: string | undefined;
  } {
    return { seq: this.#seq, at: this.#at, end: this.#end, done: this.#done };
  }

  /** The next lines, each with its newline; "" when there is nothing new now. */
  async read(): Promise<string> {
    while (this.#position < MAX_READ_BYTES && this.#done === undefined) {
      const bytes = await readAt(this.#handle, this.#position, CHUNK_BYTES);
      if (bytes.length === 0) {
        if ((await this.#handle.stat()).size >= this.#position) return '';
        // Cut short by somebody: what comes from now on is before here.
        [this.#position, this.#end, this.#partial, this.#partialLength] = [0, 0, [], 0];
        continue;
      }
      this.#position += bytes.length;
      const text = this.#take(bytes);
      if (text !== '') return text;
    }
    return '';
  }

  #take(bytes: Buffer): string {
    let text = '';
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0 && this.#done === undefined; ) {
      text += this.#line(bytes.subarray(from, at));
      from = at + 1;
      this.#end = this.#position - bytes.length + from;
      at = bytes.indexOf(NEWLINE, from);
    }
    this.#hold(bytes.subarray(from));
    return text;
  }

  /** A line that is longer than any of ours is not held; its end is then no JSON, and left out. */
  #hold(rest: Buffer): void {
    this.#partialLength += rest.length;
    if (this.#partialLength > MAX_LINE_BYTES) this.#partial = [];
    else if (rest.length > 0) this.#partial.push(Buffer.from(rest));
  }

  #line(end: Buffer): string {
    const line = Buffer.concat([...this.#partial, end]).toString('utf8');
    this.#partial = [];
    this.#partialLength = 0;
    const event = eventOf(line);
    if (event === undefined || event.seq <= this.#seq) return '';
    this.#seq = event.seq;
    this.#at = event.at;
    if (event.type === 'done') this.#done = `${line}\n`;
    return `${line}\n`;
  }
}

interface Numbered {
  readonly seq: number;
  readonly at: number;
  readonly type: unknown;
}

function eventOf(line: string): Numbered | undefined {
  try {
    const { seq, at, type } = JSON.parse(line) as Partial<Numbered>;
    if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at)) return undefined;
    return { seq: seq as number, at: at as number, type };
  } catch {
    // Somebody else's line.
    return undefined;
  }
}
