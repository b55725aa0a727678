import { Readable, addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import { Outlet } from './outlet.ts';
import { errorOf } from './thread-failure.ts';
import { UnpackError } from './unpack-error.ts';
import type { UnpackFeed, UnpackNotice } from './unpack-worker.ts';
import { type UnpackJob, type Unpacked, unpackHere } from './unpacking.ts';

/** Bytes on their way to the worker: enough that it never waits for this thread. */
const WINDOW_BYTES = 512 * 1024;

/** Megabytes: for the names of the largest archive. One with more to remember ends its worker, not the process. */
const HEAP = { maxOldGenerationSizeMb: 1024 };

/** What is unpacked sooner than a thread is started; no more of it is written between two turns than one of those takes. */
const SMALL = { contentBytes: 1024 ** 2, entryCount: 256 };

/**
 * Unpacks an archive in a thread of its own unless it is small, so that nothing waits for the disk meanwhile. When it throws,
 * nothing goes on, and the directory holds remains.
 * @throws UnpackError, the system's error with its code, the signal's reason, or what the bytes throw
 */
export async function unpack(
  bytes: AsyncIterable<Uint8Array>,
  job: UnpackJob,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const source = bytes instanceof Readable ? bytes : Readable.from(bytes);
  try {
    return await (isSmall(job)
      ? unpackHere(abortable(source, signal), job)
      : unpackThere(source, job, signal));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    source.destroy();
  }
}

/** In a tree with something in it already, one entry can take the place of any number of files. */
const isSmall = ({ expected, tree: { isLayered } }: UnpackJob): boolean =>
  isLayered !== true &&
  expected !== undefined &&
  expected.contentBytes <= SMALL.contentBytes &&
  expected.entryCount <= SMALL.entryCount;

const abortable = (source: Readable, signal: AbortSignal | undefined): Readable =>
  signal === undefined ? source : addAbortSignal(signal, source);

async function unpackThere(source: Readable, job: UnpackJob, signal?: AbortSignal): Promise<Unpacked> {
  await using unpacker = new UnpackThread(job);
  const fed = unpacker.feed(source, signal);
  // A thread that fails says more than the pipe that breaks with it.
  return await Promise.race([unpacker.outcome, fed.then(() => unpacker.outcome)]);
}

class UnpackThread implements AsyncDisposable {
  readonly outcome: Promise<Unpacked>;
  readonly #input: Outlet;
  readonly #worker: Worker;

  constructor(job: UnpackJob) {
    this.#worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
      workerData: job,
      name: 'unpack',
      resourceLimits: HEAP,
    });
    this.#input = new Outlet((bytes) => this.#tell({ type: 'bytes', bytes }, [bytes.buffer]), WINDOW_BYTES);
    this.outcome = new Promise((resolve, reject) => {
      this.#worker.on('message', (notice: UnpackNotice) => {
        if (notice.type === 'taken') this.#input.taken(notice.bytes);
        else if (notice.type === 'done') resolve(notice.unpacked);
        else reject(errorOf(notice));
      });
      this.#worker.once('error', (error) => reject(fallen(error)));
      this.#worker.once('exit', () => reject(new Error('The thread that unpacks ended early.')));
    });
  }

  async feed(source: Readable, signal?: AbortSignal): Promise<void> {
    await pipeline(source, this.#input, signal === undefined ? {} : { signal });
    this.#tell({ type: 'end' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.destroy();
    await this.#worker.terminate();
  }

  #tell(feed: UnpackFeed, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(feed, moved);
  }
}

const fallen = (error: unknown): Error =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new UnpackError('The names in the archive take too much memory.', { cause: error })
    : (error as Error);
