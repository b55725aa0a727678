import { type PaxRecords, parsePax, paxNumber, paxTime } from './pax.ts';
import { BLOCK_BYTES, type TarHeader, decodeHeader, paddingOf } from './tar-header.ts';
import { UnpackError, shown } from './unpack-error.ts';

export type TarKind = 'file' | 'directory' | 'symlink' | 'link' | 'device' | 'pipe';

/** An entry of an archive. Names hold one byte a character, as they are on disk. */
export interface TarEntry extends Omit<TarHeader, 'type' | 'isPosix'> {
  readonly kind: TarKind;
  /** Of a sparse file, its size with its holes: what follows is a map of its pieces, and those. */
  readonly sparseSize?: number;
}

/** Told what an archive holds, in order. What it throws ends the reading. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** Content of the last entry. */
  data(bytes: Buffer): void;
  /** The last entry is complete. */
  end(): void;
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'pipe',
  '7': 'file',
};

/** Headers that tell of the entry after them, whose content is kept for it. */
const ABOUT_NEXT = new Set(['L', 'K', 'x', 'g']);
/** Of those: far above any path. */
const MAX_ABOUT_NEXT = 1024 ** 2;

/**
 * Reads a tar archive (ustar, GNU, pax) as its bytes come, without waiting for anything. Names stay bytes, also those in
 * pax headers, because a file system's names need not be text. Formats of sparse files other than pax 1.0 are refused.
 */
export class TarReader {
  readonly #sink: TarSink;
  /** Less than a block. */
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;
  #about: { readonly type: string; readonly parts: Buffer[] } | undefined;
  #next: { name?: string; linkName?: string; pax?: PaxRecords } = {};
  #hasEnded = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws UnpackError, or what the sink throws */
  push(chunk: Buffer): void {
    if (this.#hasEnded) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (!this.#hasEnded && (this.#left > 0 || this.#padding > 0 || bytes.length - at >= BLOCK_BYTES)) {
      if (at === bytes.length) break;
      at += this.#step(bytes, at);
    }
    // A copy, so that a few bytes do not keep a whole chunk.
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** The bytes have ended. @throws UnpackError when the archive has not */
  end(): void {
    if (!this.#hasEnded) throw new UnpackError('The archive ends midway.');
  }

  /** @returns how many bytes it took */
  #step(bytes: Buffer, at: number): number {
    if (this.#left > 0) {
      const part = bytes.subarray(at, at + this.#left);
      this.#left -= part.length;
      this.#take(part);
      if (this.#left === 0) this.#complete();
      return part.length;
    }
    if (this.#padding > 0) {
      const skipped = Math.min(this.#padding, bytes.length - at);
      this.#padding -= skipped;
      return skipped;
    }
    this.#header(bytes.subarray(at, at + BLOCK_BYTES));
    return BLOCK_BYTES;
  }

  #header(block: Buffer): void {
    const header = decodeHeader(block);
    if (header === undefined) {
      this.#hasEnded = true;
    } else if (ABOUT_NEXT.has(header.type)) {
      if (header.size > MAX_ABOUT_NEXT) throw new UnpackError('A name in the archive is too long.');
      this.#about = { type: header.type, parts: [] };
      this.#expect(header.size);
    } else {
      const entry = this.#entryOf(header);
      this.#next = {};
      this.#sink.entry(entry);
      this.#expect(entry.size);
    }
  }

  #expect(size: number): void {
    this.#left = size;
    this.#padding = paddingOf(size);
    if (size === 0) this.#complete();
  }

  #take(part: Buffer): void {
    if (this.#about === undefined) this.#sink.data(part);
    else this.#about.parts.push(Buffer.from(part));
  }

  #complete(): void {
    const about = this.#about;
    if (about === undefined) return this.#sink.end();
    this.#about = undefined;
    const content = Buffer.concat(about.parts);
    if (about.type === 'L') this.#next.name = longName(content);
    if (about.type === 'K') this.#next.linkName = longName(content);
    // Of the whole archive ("g") there is nothing that this one could use.
    if (about.type === 'x') this.#next.pax = parsePax(content);
  }

  #entryOf(header: TarHeader): TarEntry {
    const pax: PaxRecords = this.#next.pax ?? new Map();
    const sparseSize = paxNumber(pax, 'GNU.sparse.realsize');
    const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? this.#next.name ?? header.name;
    const kind = kindOf(header, name);
    refuseOtherSparse(header, pax, name);
    const size = paxNumber(pax, 'size') ?? header.size;
    return {
      kind,
      name,
      linkName: pax.get('linkpath') ?? this.#next.linkName ?? header.linkName,
      mode: header.mode,
      uid: paxNumber(pax, 'uid') ?? header.uid,
      gid: paxNumber(pax, 'gid') ?? header.gid,
      mtime: paxTime(pax, 'mtime') ?? header.mtime,
      // Nothing follows any other kind, whatever its header says.
      size: kind === 'file' ? size : 0,
      ...(kind === 'file' && sparseSize !== undefined && { sparseSize }),
    };
  }
}

function kindOf({ type }: TarHeader, name: string): TarKind {
  const kind = KINDS[type];
  if (kind === undefined && type !== 'S') {
    throw new UnpackError(`${shown(name)} in the archive is of a kind that is not known (${shown(type)}).`);
  }
  // Before there was a type for them, directories were files with such a name.
  return kind === 'file' && name.endsWith('/') ? 'directory' : (kind ?? 'file');
}

function refuseOtherSparse({ type }: TarHeader, pax: PaxRecords, name: string): void {
  const isMentioned = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
  const isVersion1 = pax.get('GNU.sparse.major') === '1' && pax.get('GNU.sparse.minor') === '0';
  const isComplete = isVersion1 && pax.has('GNU.sparse.name') && pax.has('GNU.sparse.realsize');
  if (type !== 'S' && (!isMentioned || isComplete)) return;
  throw new UnpackError(`${shown(name)} in the archive is a sparse file in a format that is not read here.`);
}

/** Ends at its NUL; what comes after one is somebody's trick. */
function longName(content: Buffer): string {
  const end = content.indexOf(0);
  const name = content.toString('latin1', 0, end === -1 ? content.length : end);
  if (end !== -1 && content.subarray(end).some((byte) => byte !== 0)) {
    throw new UnpackError(`${shown(name)} in the archive has a name with a NUL in it.`);
  }
  return name;
}
