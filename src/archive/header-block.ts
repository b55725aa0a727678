import { UnpackError } from './unpack-error.ts';

export const BLOCK_BYTES = 512;

/** One header block, its fields as they are. Text holds one byte a character: a name is bytes, of no encoding. */
export interface TarHeader {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
}

const USTAR = 'ustar\0';
const GNU = 'ustar  \0';

/** @returns undefined for a block of zeros, which ends an archive. @throws UnpackError */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  const sum = checksum(block);
  if (sum === EMPTY_SUM && block.every((byte) => byte === 0)) return undefined;
  if (sum !== number(block, 148, 8)) throw new UnpackError('A header in the archive is damaged.');
  const magic = block.toString('latin1', 257, 265);
  if (!magic.startsWith(USTAR) && magic !== GNU) throw new UnpackError('The archive is not a tar archive.');
  const prefix = magic === GNU ? '' : text(block, 345, 155);
  const name = text(block, 0, 100);
  return {
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100),
    mode: number(block, 100, 8),
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    mtime: number(block, 136, 12),
  };
}

const CHECKSUM_FIELD = { start: 148, end: 156 } as const;
/** The sum is taken with spaces in its own place. */
const EMPTY_SUM = (CHECKSUM_FIELD.end - CHECKSUM_FIELD.start) * 0x20;

function checksum(block: Buffer): number {
  let sum = EMPTY_SUM;
  for (let i = 0; i < CHECKSUM_FIELD.start; i++) sum += block[i] ?? 0;
  for (let i = CHECKSUM_FIELD.end; i < BLOCK_BYTES; i++) sum += block[i] ?? 0;
  return sum;
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 ? start + length : Math.min(end, start + length));
}

const OCTAL = /^ *([0-7]*)[ \0]*$/;

/** Octal digits, or, where those are too few, a binary number behind a first byte that is none. */
function number(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if (first === 0x80 || first === 0xff)
    return binary(block.subarray(start + 1, start + length), first === 0xff);
  const digits = OCTAL.exec(block.toString('latin1', start, start + length))?.[1];
  if (digits === undefined) throw new UnpackError('A header in the archive is damaged.');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function binary(bytes: Buffer, isNegative: boolean): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + (isNegative ? 255 - byte : byte);
  if (!Number.isSafeInteger(value))
    throw new UnpackError('A number in a header of the archive is too large.');
  return isNegative ? -value - 1 : value;
}
