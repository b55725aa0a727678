import { ftruncateSync, writeSync } from 'node:fs';
import { SparseMap } from './sparse-map.ts';
import { UnpackError } from './unpack-error.ts';

/** Where the content of an entry goes. */
export interface FileContent {
  /** @throws UnpackError, or the system's error */
  write(bytes: Buffer): void;
  /** All has been written. @throws UnpackError when something is missing */
  end(): void;
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

export class PlainContent implements FileContent {
  readonly #fd: number;
  #position = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Buffer): void {
    writeAll(this.#fd, bytes, this.#position);
    this.#position += bytes.length;
  }

  end(): void {}
}

/** Only the pieces are written: the holes between them take nothing on disk. */
export class SparseContent implements FileContent {
  readonly #fd: number;
  readonly #map: SparseMap;
  #piece = 0;
  /** Within the piece. */
  #done = 0;

  readonly #onMap: (contentBytes: number) => void;

  /**
   * @param size with the holes
   * @param onMap told what the pieces take together, before any is written
   */
  constructor(fd: number, size: number, onMap: (contentBytes: number) => void) {
    this.#fd = fd;
    this.#map = new SparseMap(size);
    this.#onMap = onMap;
    ftruncateSync(fd, size);
  }

  write(bytes: Buffer): void {
    let rest = this.#map.isComplete ? bytes : this.#readMap(bytes);
    while (rest.length > 0) {
      const piece = this.#map.pieces[this.#piece];
      if (piece === undefined)
        throw new UnpackError('A sparse file in the archive is longer than its map says.');
      const part = rest.subarray(0, piece.length - this.#done);
      writeAll(this.#fd, part, piece.offset + this.#done);
      this.#done += part.length;
      rest = rest.subarray(part.length);
      if (this.#done === piece.length) {
        this.#piece += 1;
        this.#done = 0;
      }
    }
  }

  #readMap(bytes: Buffer): Buffer {
    const rest = this.#map.push(bytes);
    if (this.#map.isComplete) this.#onMap(this.#map.pieces.reduce((sum, { length }) => sum + length, 0));
    return rest;
  }

  end(): void {
    const isWhole =
      this.#map.isComplete && this.#map.pieces.slice(this.#piece).every(({ length }) => length === 0);
    if (!isWhole) throw new UnpackError('A sparse file in the archive is shorter than its map says.');
  }
}

/** Text that is written as another, and kept in memory until all of it is there. */
export class RewrittenContent implements FileContent {
  readonly #fd: number;
  readonly #rewrite: (text: string) => string;
  readonly #parts: Buffer[] = [];

  /** @param rewrite given one byte a character */
  constructor(fd: number, rewrite: (text: string) => string) {
    this.#fd = fd;
    this.#rewrite = rewrite;
  }

  write(bytes: Buffer): void {
    this.#parts.push(Buffer.from(bytes));
  }

  end(): void {
    const text = this.#rewrite(Buffer.concat(this.#parts).toString('latin1'));
    writeAll(this.#fd, Buffer.from(text, 'latin1'), 0);
  }
}
