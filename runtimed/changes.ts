/** Milliseconds to wait: until somebody aborts, or something changes. */
export const FOR_EVER = 2 ** 31 - 1;

/** Tells whoever waits that something changed; what it is now is theirs to read. */
export class Changes {
  #version = 0;
  readonly #waiting = new Set<() => void>();

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  notify(): void {
    this.#version += 1;
    for (const wake of this.#waiting) wake();
  }

  /**
   * Resolves with the version once it is another than `seen`, after `ms` milliseconds, or when the signal aborts,
   * whichever is first. Never rejects.
   */
  after(seen: number, ms: number, signal: AbortSignal): Promise<number> {
    if (this.#version !== seen || signal.aborted) return Promise.resolve(this.#version);
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve(this.#version);
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
