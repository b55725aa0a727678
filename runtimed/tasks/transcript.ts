import type { FileHandle } from 'node:fs/promises';
import type { Logger } from '../../src/domain/log.ts';
import { MAX_TASK_LOG_BYTES } from '../../src/domain/task.ts';

/** What an agent writes, as it comes, up to a limit. Its last line then says that more was written. */
export class Transcript implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #logger: Logger;
  readonly #notice: Buffer;
  #left: number;
  #queue: Promise<void> = Promise.resolve();

  /** @param handle to append; the transcript's from now on */
  constructor(handle: FileHandle, logger: Logger, limit = MAX_TASK_LOG_BYTES) {
    this.#handle = handle;
    this.#logger = logger;
    this.#notice = Buffer.from(`\n[sandboxd] more than ${limit} bytes were written; the rest is left out\n`);
    this.#left = limit - this.#notice.length;
  }

  /** Resolves when it is written, or dropped. Writes keep their order. Never rejects. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#left < 0) return this.#queue;
    const isOver = bytes.length > this.#left;
    const kept = isOver ? Buffer.concat([bytes.subarray(0, this.#left), this.#notice]) : bytes;
    this.#left = isOver ? -1 : this.#left - bytes.length;
    this.#queue = this.#queue.then(() =>
      this.#handle.appendFile(kept).catch((error: unknown) => {
        this.#left = -1;
        this.#logger.error('the output of an agent could not be written', error);
      }),
    );
    return this.#queue;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    await this.#handle.close();
  }
}
