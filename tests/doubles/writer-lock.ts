/**
 * Who may write, in the order of asking. The engine's own lock cannot be waited for: its calls are synchronous, so a
 * writer that waits inside would keep the one it waits for from ever finishing.
 */
export class WriterLock {
  #holder: object | undefined;
  readonly #waiting: { readonly who: object; readonly granted: () => void }[] = [];

  /** Asking again while holding it changes nothing. Answers false when it was not free within `waitMs`. */
  async acquire(who: object, waitMs: number): Promise<boolean> {
    if (this.#holder === undefined) this.#holder = who;
    if (this.#holder === who) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry = { who, granted: () => resolve(true) };
    this.#waiting.push(entry);
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      resolve(false);
    }, waitMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  release(who: object): void {
    if (this.#holder !== who) return;
    const next = this.#waiting.shift();
    this.#holder = next?.who;
    next?.granted();
  }
}
