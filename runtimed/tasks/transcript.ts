import type { FileHandle } from 'node:fs/promises';
import type { Logger } from '../../src/domain/log.ts';
import { MAX_TASK_LOG_BYTES } from '../../src/domain/task.ts';
import { MaskedOutput, type MaskSource } from '../config/masked-output.ts';

export interface TranscriptContext {
  readonly logger: Logger;
  readonly masks: MaskSource;
}

/** What an agent writes, as it comes and without what is secret, up to a limit. Its last line then says that more was written. */
export class Transcript implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #logger: Logger;
  readonly #masked: MaskedOutput;
  readonly #notice: Buffer;
  #left: number;
  #queue: Promise<void> = Promise.resolve();

  /** @param handle to append; the transcript's from now on */
  constructor(handle: FileHandle, { logger, masks }: TranscriptContext, limit = MAX_TASK_LOG_BYTES) {
    this.#handle = handle;
    this.#logger = logger;
    this.#masked = new MaskedOutput(masks);
    this.#notice = Buffer.from(`\n[sandboxd] more than ${limit} bytes were written; the rest is left out\n`);
    this.#left = limit - this.#notice.length;
  }

  /** Resolves when it is written, or dropped. Writes keep their order. Never rejects. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#put(this.#masked.push(bytes));
  }

  #put(bytes: Uint8Array): Promise<void> {
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
    await this.#put(this.#masked.end());
    await this.#handle.close();
  }
}
