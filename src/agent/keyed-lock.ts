/** Runs one task at a time per key, in order of arrival. Different keys never wait for each other. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    // The one before may fail: that is its caller's business, and this task's turn all the same.
    const turn = before.then(task, task);
    this.#tails.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }

  /** Keys whose tasks run or wait. */
  get size(): number {
    return this.#tails.size;
  }
}
