import { type Hash, createHash } from 'node:crypto';
import { Readable, pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { ArchiveFacts } from '../domain/workspace.ts';
import { Budget } from './budget.ts';
import { MOST } from './limits.ts';
import { TarReader } from './tar-reader.ts';
import { type TreeOptions, TreeWriter } from './tree-writer.ts';
import { UnpackError } from './unpack-error.ts';

/** Which archive, and what becomes of it. */
export interface UnpackJob {
  /** Nobody else's, and empty unless the tree is layered. */
  readonly directory: string;
  readonly compression: 'zstd' | 'none';
  /** What it must be, and at most hold. Without it, it is as good as whom it comes from. */
  readonly expected?: Pick<ArchiveFacts, 'sha256' | 'contentBytes' | 'entryCount'>;
  readonly tree: TreeOptions;
}

export interface Unpacked {
  /** What was left out or changed, for people. */
  readonly warnings: readonly string[];
}

/** Large enough that a big file is few calls, small enough that nothing waits. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Unpacks an archive in this thread, which it keeps busy. What it throws leaves remains in the directory.
 * @throws UnpackError, the system's error, or what the bytes throw
 */
export async function unpackHere(bytes: AsyncIterable<Uint8Array>, job: UnpackJob): Promise<Unpacked> {
  const budget = new Budget(job.expected ?? MOST);
  using tree = new TreeWriter(job.directory, job.tree, budget);
  const reader = new TarReader(tree);
  const read = { hash: createHash('sha256'), bytes: 0 };
  const archive = watched(bytes, read);
  for await (const chunk of job.compression === 'none' ? archive : uncompressed(archive, read)) {
    budget.raw(chunk.length);
    reader.push(chunk);
  }
  if (job.expected !== undefined && read.hash.digest('hex') !== job.expected.sha256) {
    throw new UnpackError('The archive is not the one that was made: its checksum differs.');
  }
  reader.end();
  tree.finish();
  return { warnings: tree.warnings.list() };
}

/** What of the archive was read so far. */
interface Read {
  readonly hash: Hash;
  bytes: number;
}

async function* watched(bytes: AsyncIterable<Uint8Array>, read: Read): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    read.hash.update(chunk);
    read.bytes += chunk.byteLength;
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

async function* uncompressed(bytes: AsyncGenerator<Buffer>, read: Read): AsyncGenerator<Buffer> {
  const plain = createZstdDecompress({ chunkSize: CHUNK_BYTES });
  // Whatever fails on the way ends `plain` with it, which is read to its end here.
  pipeline(Readable.from(bytes), plain, () => undefined);
  try {
    yield* plain as AsyncIterable<Buffer>;
  } catch (error) {
    throw isDamage(error)
      ? new UnpackError('The archive is damaged: it is no whole zstd file.', { cause: error })
      : error;
  }
  // The decompressor ignores what comes after the end of its file.
  if (plain.bytesWritten !== read.bytes) throw new UnpackError('The archive goes on after its end.');
}

const isDamage = (error: unknown) =>
  /^Z_|^ZSTD_/.test((error as Partial<NodeJS.ErrnoException> | null)?.code ?? '');
