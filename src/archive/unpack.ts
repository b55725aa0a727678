import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import type { UnpackFeed, UnpackNotice } from './unpack-worker.ts';
import { UnpackError } from './unpack-error.ts';
import type { UnpackJob, Unpacked } from './unpacking.ts';

/** Bytes on their way to the worker: enough that it never waits for this thread. */
const WINDOW_BYTES = 512 * 1024;
/** What waits for room there goes in one message, which is fewer turns than its parts would take. */
const WAITING_BYTES = 256 * 1024;

/** Megabytes: for the names of the largest archive. One with more to remember ends its worker, not the process. */
const HEAP = { maxOldGenerationSizeMb: 1024 };

/**
 * Unpacks an archive in a thread of its own, so that nothing waits for the disk meanwhile. When it throws, nothing goes on, and
 * the directory holds remains.
 * @throws UnpackError, the system's error with its code, the signal's reason, or what the bytes throw
 */
export async function unpack(
  bytes: AsyncIterable<Uint8Array>,
  job: UnpackJob,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const source = bytes instanceof Readable ? bytes : Readable.from(bytes);
  const unpacker = new UnpackThread(job);
  try {
    const fed = pipeline(source, unpacker.input, signal === undefined ? {} : { signal });
    // A thread that fails says more than the pipe that breaks with it.
    return await Promise.race([unpacker.outcome, fed.then(() => unpacker.outcome)]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    source.destroy();
    await unpacker.end();
  }
}

class UnpackThread {
  readonly outcome: Promise<Unpacked>;
  readonly input: Writable;
  readonly #worker: Worker;
  #underWay = 0;
  /** Waits for room. */
  #resume: (() => void) | undefined;

  constructor(job: UnpackJob) {
    this.#worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
      workerData: job,
      name: 'unpack',
      resourceLimits: HEAP,
    });
    this.input = new Writable({
      highWaterMark: WAITING_BYTES,
      write: (chunk: Buffer, _encoding, taken) => this.#send([chunk], taken),
      writev: (chunks, taken) =>
        this.#send(
          chunks.map(({ chunk }) => chunk as Buffer),
          taken,
        ),
      final: (taken) => {
        this.#tell({ type: 'end' });
        taken();
      },
    });
    this.outcome = new Promise((resolve, reject) => {
      this.#worker.on('message', (notice: UnpackNotice) => {
        if (notice.type === 'taken') this.#taken(notice.bytes);
        else if (notice.type === 'done') resolve(notice.unpacked);
        else reject(failureOf(notice));
      });
      this.#worker.once('error', (error) => reject(fallen(error)));
      this.#worker.once('exit', () => reject(new Error('The thread that unpacks ended early.')));
    });
  }

  async end(): Promise<void> {
    this.input.destroy();
    await this.#worker.terminate();
  }

  #tell(feed: UnpackFeed, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(feed, moved);
  }

  #send(chunks: readonly Buffer[], taken: () => void): void {
    // Memory of its own: of a part of a larger buffer, that whole buffer would be sent.
    const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#underWay += bytes.byteLength;
    this.#tell({ type: 'bytes', bytes }, [bytes.buffer]);
    if (this.#underWay < WINDOW_BYTES) taken();
    else this.#resume = taken;
  }

  #taken(bytes: number): void {
    this.#underWay -= bytes;
    if (this.#underWay >= WINDOW_BYTES) return;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }
}

function failureOf({ isRefused, message, code }: UnpackNotice & { type: 'failed' }): Error {
  return isRefused ? new UnpackError(message) : Object.assign(new Error(message), { code });
}

const fallen = (error: unknown): Error =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new UnpackError('The names in the archive take too much memory.', { cause: error })
    : (error as Error);
