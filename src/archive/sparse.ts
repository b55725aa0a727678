import { type BigIntStats, readSync } from 'node:fs';

/** A part of a sparse file that is not only zeros. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Zeros count as a hole in pieces of this size, as the file system makes them. */
const PIECE_BYTES = 4096;

const READ_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(READ_BYTES);

/** Less than this is not worth a second reading. */
const WORTH_BYTES = 64 * 1024;

/** Whether a file takes so much less of the disk than its size that it has holes, or is compressed there. */
export const mayBeSparse = ({ size, blocks }: Pick<BigIntStats, 'size' | 'blocks'>): boolean =>
  Number(size) - Number(blocks) * 512 >= WORTH_BYTES;

/**
 * Finds by reading where a file holds more than zeros. What the file system says of its blocks is not trusted: some tell
 * it late.
 */
export function extentsOf(fd: number, size: number): Extent[] {
  const extents: Extent[] = [];
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let offset = 0; offset < size; ) {
    const read = readSync(fd, buffer, 0, Math.min(READ_BYTES, size - offset), offset);
    if (read === 0) break;
    if (!isZero(buffer, 0, read)) addPieces(extents, buffer.subarray(0, read), offset);
    offset += read;
  }
  return extents;
}

function addPieces(extents: Extent[], bytes: Buffer, offset: number): void {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, bytes.byteLength);
    if (!isZero(bytes, at, end)) addPiece(extents, { offset: offset + at, length: end - at });
  }
}

const isZero = (bytes: Buffer, from: number, to: number): boolean =>
  ZEROS.compare(bytes, from, to, 0, to - from) === 0;

function addPiece(extents: Extent[], piece: Extent): void {
  const last = extents.at(-1);
  if (last === undefined || last.offset + last.length !== piece.offset) extents.push(piece);
  else extents[extents.length - 1] = { offset: last.offset, length: last.length + piece.length };
}

/** The map that goes before the parts, as GNU tar's format 1.0 has it: numbers in lines, filled up to a block with zeros. */
export function sparseMap(extents: readonly Extent[], size: number): Buffer {
  const last = extents.at(-1);
  const reachesEnd = last !== undefined && last.offset + last.length === size;
  const all = reachesEnd ? extents : [...extents, { offset: size, length: 0 }];
  const lines = [all.length, ...all.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
  return Buffer.concat([text, Buffer.alloc((512 - (text.byteLength % 512)) % 512)]);
}
