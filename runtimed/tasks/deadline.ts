/** A limit that may be brought forward while somebody works by it. */
export class Deadline implements Disposable {
  readonly #over = new AbortController();
  #at = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms milliseconds from now */
  constructor(ms: number) {
    this.within(ms);
  }

  /** Aborts when it has passed. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** No later than so many milliseconds from now. */
  within(ms: number): void {
    const at = performance.now() + ms;
    if (at >= this.#at) return;
    this.#at = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over.abort(), ms);
  }

  [Symbol.dispose](): void {
    this.#at = Number.NEGATIVE_INFINITY;
    clearTimeout(this.#timer);
  }
}
