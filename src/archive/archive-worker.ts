import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SandboxdError } from '../domain/errors.ts';
import type { ArchiveProgress } from '../domain/workspace.ts';
import type { ArchiveInput, Notice, Order, TreeFacts } from './protocol.ts';
import { errorOf } from './thread-failure.ts';

type Answer = Exclude<Notice, { type: 'progress' | 'failed' }>;

/** Megabytes: of a tree that is in use, every entry is remembered. One with more ends its worker, not the process. */
const HEAP_MEGABYTES = 1024;

/** The thread that reads a tree: its system calls wait for the disk, and nothing else waits for them. */
export class ArchiveWorker implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #notices: AsyncIterator<Notice[]>;
  readonly #onProgress: (progress: ArchiveProgress) => void;
  readonly #signal: AbortSignal | undefined;

  constructor(
    workerData: ArchiveInput,
    onProgress: (progress: ArchiveProgress) => void,
    signal: AbortSignal | undefined,
    heapMegabytes = HEAP_MEGABYTES,
  ) {
    signal?.throwIfAborted();
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      name: 'archive',
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    // Whoever waits for a notice is told; once nobody does, an error is nobody's any more, and not the server's end.
    this.#worker.on('error', () => undefined);
    this.#notices = on(this.#worker, 'message', { close: ['exit'], ...(signal && { signal }) });
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  tell(order: Order): void {
    this.#worker.postMessage(order, order.type === 'taken' ? [order.memory] : []);
  }

  /** Waits for that answer, which is the next one. */
  async heard(type: Answer['type']): Promise<void> {
    const answer = await this.#next();
    if (answer.type !== type) throw new Error(`The archive's worker said ${answer.type} instead of ${type}.`);
  }

  /** Each is to be given back by {@link taken}. */
  async *chunks(onEnd: (facts: TreeFacts) => void): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (;;) {
      const answer = await this.#next();
      if (answer.type === 'end') {
        onEnd(answer.facts);
        return;
      }
      if (answer.type !== 'chunk')
        throw new Error(`The archive's worker said ${answer.type} amid the bytes.`);
      yield answer.bytes;
    }
  }

  /** A chunk's memory can be filled again, and another one be sent. */
  taken({ buffer: memory }: Uint8Array<ArrayBuffer>): void {
    this.tell({ type: 'taken', memory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(): Promise<Answer> {
    for (;;) {
      const notice = await this.#notice();
      if (notice.type === 'failed') throw errorOf(notice);
      if (notice.type !== 'progress') return notice;
      this.#onProgress(notice);
    }
  }

  async #notice(): Promise<Notice> {
    try {
      const { done, value } = await this.#notices.next();
      const notice = done === true ? undefined : value[0];
      if (notice !== undefined) return notice;
    } catch (error) {
      // The reason tells more than that there was one.
      this.#signal?.throwIfAborted();
      throw (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMany(error) : error;
    }
    throw new Error('The thread that reads the archive’s files ended before its time.');
  }
}

const tooMany = (cause: unknown) =>
  new SandboxdError(
    'payload_too_large',
    'The workspace holds more files than can be archived while it is in use. Remove what need not be kept, or stop the sandbox, and try again.',
    { cause },
  );
