import type { ArchiveOptions, ArchiveProgress, ExportOptions } from '../domain/workspace.ts';
import { ArchiveWorker } from './archive-worker.ts';
import { type Compressed, compressed } from './compress.ts';
import type { ArchiveInput, TreeFacts } from './protocol.ts';

export type TreeArchiveFacts = TreeFacts & Compressed;

/** A tree on its way into one file. Disposing of it ends the work, wherever it is. */
export interface TreeArchive extends AsyncDisposable {
  /** Once, in order. */
  readonly bytes: AsyncIterator<Uint8Array>;
  /** When the bytes have ended. */
  readonly facts: () => TreeArchiveFacts;
}

/**
 * Archives a tree in a thread of its own. One that is in use, which has a staging directory, is copied aside before this
 * returns, and stands still only for the last of it. Any other is read while the bytes are, and must be at rest.
 * @throws payload_too_large; the system's errors, with their codes; the signal's reason when that aborts
 */
export async function archiveTree(
  input: ArchiveInput,
  { freeze, onProgress, signal }: Omit<ArchiveOptions, 'scope'> = {},
): Promise<TreeArchive> {
  const worker = new ArchiveWorker(input, rising(onProgress), signal);
  if (freeze !== undefined) await settled(worker, freeze);
  let [facts, whole]: [TreeFacts?, Compressed?] = [];
  const chunks = worker.chunks((end) => (facts = end));
  return {
    bytes: compressed(
      chunks,
      (chunk) => worker.taken(chunk),
      (end) => (whole = end),
    ),
    facts: () => {
      if (facts === undefined || whole === undefined) throw new Error('The archive has not come to its end.');
      return { ...facts, ...whole };
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

/**
 * The app of a home as a zip archive, of a tree that may be in use: it is copied aside before this returns, as above. Each
 * part is in memory of its own, for whoever reads it to keep.
 */
export async function exportTree(
  input: Required<Omit<ArchiveInput, 'scope'>>,
  { freeze, signal }: ExportOptions,
): Promise<AsyncDisposable & { readonly bytes: AsyncIterator<Uint8Array> }> {
  const worker = new ArchiveWorker({ ...input, scope: 'export' }, () => undefined, signal);
  await settled(worker, freeze);
  return {
    bytes: kept(worker),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}

async function* kept(worker: ArchiveWorker): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of worker.chunks(() => undefined)) {
    const own = chunk.slice();
    worker.taken(chunk);
    yield own;
  }
}

async function settled(worker: ArchiveWorker, freeze: NonNullable<ArchiveOptions['freeze']>): Promise<void> {
  try {
    await worker.heard('copied');
    await freeze(async () => {
      worker.tell({ type: 'still' });
      await worker.heard('settled');
    });
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}

/** A tree that was copied is counted once more on its way into the archive: nobody is told of less than before. */
function rising(onProgress: ArchiveOptions['onProgress']): (progress: ArchiveProgress) => void {
  let last: ArchiveProgress = { files: 0, bytes: 0 };
  return ({ files, bytes }) => {
    last = { files: Math.max(files, last.files), bytes: Math.max(bytes, last.bytes) };
    onProgress?.(last);
  };
}
