import { paddingOf } from './tar-header.ts';
import { UnpackError } from './unpack-error.ts';

export interface SparsePiece {
  readonly offset: number;
  readonly length: number;
}

/** No file system keeps more pieces of one file well; and each takes memory here. */
const MAX_PIECES = 4_000_000;
const LONGEST_NUMBER = 16;
const NEWLINE = 0x0a;

/**
 * The map at the start of a sparse file's content, of GNU's pax format 1.0: decimal numbers, each on a line of its own:
 * how many pieces there are, then offset and length of each; padded to a block.
 */
export class SparseMap {
  readonly pieces: SparsePiece[] = [];
  readonly #size: number;
  #line = '';
  #count: number | undefined;
  #offset: number | undefined;
  #read = 0;
  #isComplete = false;

  /** @param size of the file with its holes */
  constructor(size: number) {
    this.#size = size;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** @returns what comes after the map. @throws UnpackError */
  push(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && !this.#isComplete) {
      if (this.#hasAllPieces()) {
        const skipped = Math.min(paddingOf(this.#read), bytes.length - at);
        at += skipped;
        this.#read += skipped;
      } else {
        this.#character(bytes[at] ?? 0);
        at += 1;
        this.#read += 1;
      }
      this.#isComplete = this.#hasAllPieces() && paddingOf(this.#read) === 0;
    }
    return bytes.subarray(at);
  }

  #hasAllPieces(): boolean {
    return this.#count === this.pieces.length;
  }

  #character(byte: number): void {
    if (byte === NEWLINE) {
      this.#number(this.#line);
      this.#line = '';
    } else {
      this.#line += String.fromCharCode(byte);
      if (this.#line.length > LONGEST_NUMBER) throw damaged();
    }
  }

  #number(line: string): void {
    const value = Number(line);
    if (!/^\d+$/.test(line) || !Number.isSafeInteger(value)) throw damaged();
    if (this.#count === undefined) {
      if (value > MAX_PIECES) throw damaged();
      this.#count = value;
    } else if (this.#offset === undefined) {
      this.#offset = value;
    } else {
      this.#add({ offset: this.#offset, length: value });
      this.#offset = undefined;
    }
  }

  #add(piece: SparsePiece): void {
    const last = this.pieces.at(-1);
    const isInOrder = last === undefined || piece.offset >= last.offset + last.length;
    if (!isInOrder || piece.offset + piece.length > this.#size) throw damaged();
    this.pieces.push(piece);
  }
}

const damaged = () => new UnpackError('The map of a sparse file in the archive is damaged.');
