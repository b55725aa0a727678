import { Changes, FOR_EVER } from '../changes.ts';

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** What a reader may be behind by before the writer is held up. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** What a line costs besides its own length. */
const LINE_OVERHEAD = 64;

/** Lines of a program's output on their way to one reader. A line too long to be held is left out. */
export class LineFeed {
  readonly #changes = new Changes();
  #waiting: string[] = [];
  #waitingBytes = 0;
  #partial: Buffer[] = [];
  #partialBytes = 0;
  #closed = false;
  #hurried = false;
  readonly #abandoned: AbortSignal;

  /** @param abandoned aborts when nobody reads any more: what comes then is dropped */
  constructor(abandoned: AbortSignal) {
    this.#abandoned = abandoned;
  }

  /** Resolves when there is room for more. Never rejects. */
  async push(bytes: Buffer): Promise<void> {
    if (this.#closed || this.#abandoned.aborted) return;
    if (this.#hurried && this.#waitingBytes > MAX_WAITING_BYTES) return;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      this.#complete(bytes.subarray(from, at));
      from = at + 1;
    }
    this.#hold(bytes.subarray(from));
    this.#changes.notify();
    while (this.#waitingBytes > MAX_WAITING_BYTES && !this.#hurried && !this.#abandoned.aborted) {
      await this.#changes.after(this.#changes.version, FOR_EVER, this.#abandoned);
    }
  }

  /** From now on a slow reader holds nobody up: what is too much for it is dropped. */
  hurry(): void {
    this.#hurried = true;
    this.#changes.notify();
  }

  /** Nothing comes any more. Repeating it is harmless. */
  close(): void {
    if (this.#closed) return;
    if (this.#partialBytes > 0) this.#complete(Buffer.alloc(0));
    this.#closed = true;
    this.#changes.notify();
  }

  /** Once. Ends when the feed is closed and read, or abandoned. */
  async *lines(): AsyncGenerator<string> {
    while (!this.#abandoned.aborted) {
      const { version } = this.#changes;
      const lines = this.#waiting;
      if (lines.length > 0) {
        this.#waiting = [];
        yield* lines;
        this.#waitingBytes -= lines.reduce((sum, line) => sum + line.length + LINE_OVERHEAD, 0);
        this.#changes.notify();
      } else if (this.#closed) return;
      else await this.#changes.after(version, FOR_EVER, this.#abandoned);
    }
  }

  #hold(rest: Buffer): void {
    this.#partialBytes += rest.length;
    if (this.#partialBytes > MAX_LINE_BYTES) this.#partial = [];
    else if (rest.length > 0) this.#partial.push(Buffer.from(rest));
  }

  #complete(end: Buffer): void {
    const isHeld = this.#partialBytes + end.length <= MAX_LINE_BYTES;
    const line = isHeld ? Buffer.concat([...this.#partial, end]).toString('utf8') : undefined;
    this.#partial = [];
    this.#partialBytes = 0;
    if (line === undefined) return;
    const whole = line.replace(/\r$/, '');
    this.#waiting.push(whole);
    this.#waitingBytes += whole.length + LINE_OVERHEAD;
  }
}
