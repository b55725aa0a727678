import { explained } from './failure.ts';

/**
 * The bytes of an archive. When they end, fail, are given up, or the signal aborts, what they come from is let go of, also
 * where nobody has begun to read them.
 */
export class ArchiveBytes implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #held: AsyncDisposable;
  readonly #signal: AbortSignal | undefined;
  #released: Promise<void> | undefined;
  /** Nobody waits for this one: whoever reads is told by the next read. */
  readonly #abandon = (): void => void this.#release().catch(() => undefined);

  constructor(bytes: AsyncIterator<Uint8Array>, held: AsyncDisposable, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.#held = held;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abandon);
    if (signal?.aborted === true) this.#abandon();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const { done, value } = await explained(() => this.#bytes.next());
      if (done !== true) return { done: false, value };
    } catch (error) {
      await this.#release();
      throw error;
    }
    return this.return();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#release();
    return { done: true, value: undefined };
  }

  #release(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abandon);
    this.#released ??= Promise.resolve(this.#held[Symbol.asyncDispose]());
    return this.#released;
  }
}
