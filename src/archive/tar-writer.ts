import { type BigIntStats, closeSync, readSync } from 'node:fs';
import type { Findings } from './findings.ts';
import { REWRITERS } from './git-config.ts';
import { MAX_REWRITTEN_BYTES } from './limits.ts';
import { type Extent, lengthOf, partsOf, sparseMap } from './sparse.ts';
import { type EntryType, TYPE } from './tar-header.ts';
import { type Memory, TarStream } from './tar-stream.ts';
import type { TreeEntry } from './walk.ts';

const PERMISSIONS = 0o777n;
const SET_ID = 0o6000n;

type Chunk = Uint8Array<ArrayBuffer>;

/** An archive of what a walk finds, in chunks. */
export function* tarOf(
  entries: Iterable<TreeEntry>,
  findings: Findings,
  memory?: Memory,
): Generator<Chunk, void, undefined> {
  const writer = new TarWriter(findings, memory);
  for (const entry of entries) yield* writer.add(entry);
  yield* writer.end();
}

class TarWriter {
  readonly #tar: TarStream;
  readonly #findings: Findings;
  /** Where a file with several names was written, by its identity. */
  readonly #written = new Map<string, string>();

  constructor(findings: Findings, memory: Memory | undefined) {
    this.#tar = new TarStream(memory);
    this.#findings = findings;
  }

  *add(entry: TreeEntry): Generator<Chunk, void, undefined> {
    if (entry.kind === 'file') yield* this.#file(entry);
    else this.#plain(entry);
    yield* this.#tar.take();
  }

  end(): Chunk[] {
    return this.#tar.end();
  }

  #plain({ kind, path, stat, target }: TreeEntry): void {
    this.#count(stat);
    if (kind === 'directory') this.#tar.begin({ ...headerOf(stat, TYPE.directory), name: `${path}/` });
    else this.#tar.begin({ ...headerOf(stat, TYPE.symlink), name: path, linkName: target ?? '' });
  }

  *#file(entry: TreeEntry): Generator<Chunk, void, undefined> {
    const { path, stat } = entry;
    const rewrite = REWRITERS[entry.treatment];
    // What is rewritten is never shared: the other name would show what was there before, or get what was not its own.
    const identity = stat.nlink > 1n && rewrite === undefined ? `${stat.dev}:${stat.ino}` : undefined;
    const earlier = identity === undefined ? undefined : this.#written.get(identity);
    if (earlier !== undefined) {
      this.#count(stat);
      this.#tar.begin({ ...headerOf(stat, TYPE.hardLink), name: path, linkName: earlier });
      return;
    }
    const fd = entry.open();
    if (fd === undefined) {
      this.#findings.note('vanished');
      return;
    }
    try {
      if (identity !== undefined) this.#written.set(identity, path);
      if (rewrite !== undefined) this.#rewritten(entry, fd, rewrite);
      else yield* this.#content(entry, fd);
    } finally {
      closeSync(fd);
    }
  }

  #rewritten({ path, stat }: TreeEntry, fd: number, rewrite: (text: string) => string): void {
    if (stat.size > MAX_REWRITTEN_BYTES) {
      this.#findings.note('tooLarge');
      return;
    }
    const original = Buffer.alloc(Number(stat.size));
    const length = readSync(fd, original, 0, original.byteLength, 0);
    const content = Buffer.from(rewrite(original.toString('latin1', 0, length)), 'latin1');
    this.#count(stat);
    this.#findings.content(content.byteLength);
    this.#tar.begin({ ...headerOf(stat, TYPE.file), name: path, size: content.byteLength });
    this.#tar.put(content);
    this.#tar.pad(content.byteLength);
  }

  *#content({ path, stat }: TreeEntry, fd: number): Generator<Chunk, void, undefined> {
    const size = Number(stat.size);
    this.#count(stat);
    this.#findings.size(size);
    const parts = partsOf(fd, stat);
    const content = lengthOf(parts);
    this.#findings.content(content);
    if (content === size) {
      this.#tar.begin({ ...headerOf(stat, TYPE.file), name: path, size });
    } else {
      const map = sparseMap(parts, size);
      this.#beginSparse(path, stat, map.byteLength + content);
      this.#tar.put(map);
    }
    yield* this.#parts(fd, size, parts);
  }

  /** Under another name, so that a program without knowledge of the format does not take it for the file. */
  #beginSparse(path: string, stat: BigIntStats, size: number): void {
    this.#tar.extend({
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': path,
      'GNU.sparse.realsize': String(stat.size),
    });
    this.#tar.begin({ ...headerOf(stat, TYPE.file), name: 'GNUSparseFile.0', size, isPosix: true });
  }

  /** Exactly what was announced: what the file does not have any more is zeros, and what it has besides stays out. */
  *#parts(fd: number, size: number, extents: readonly Extent[]): Generator<Chunk, void, undefined> {
    let hasChanged = false;
    for (const { offset, length } of extents) {
      for (let done = 0; done < length; ) {
        const wanted = length - done;
        const read = this.#tar.read(fd, wanted, offset + done);
        hasChanged ||= read === 0 || (read > wanted && offset + length === size);
        done += read === 0 ? this.#tar.zeros(wanted) : Math.min(read, wanted);
        yield* this.#tar.take();
      }
    }
    this.#tar.pad(lengthOf(extents));
    if (hasChanged) this.#findings.note('changed');
  }

  /** @throws payload_too_large */
  #count(stat: BigIntStats): void {
    if ((stat.mode & SET_ID) !== 0n) this.#findings.note('setId');
    this.#findings.entry(stat.isFile());
  }
}

const headerOf = (stat: BigIntStats, type: EntryType) => ({
  type,
  mode: Number(stat.mode & PERMISSIONS),
  size: 0,
  mtime: Number(stat.mtimeMs / 1000n),
});
