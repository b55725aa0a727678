import { invalid } from '../domain/errors.ts';

/**
 * The one kind of tar entry a backup has: a plain file with an ASCII name of at most 100 characters. Whatever else the
 * format knows (links, devices, long names, extensions) is never written and never taken.
 */
export interface TarEntry {
  readonly name: string;
  readonly size: number;
}

export const BLOCK = 512;
/** What an archive ends with. */
export const END = Buffer.alloc(2 * BLOCK);

const NAME_LENGTH = 100;
const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
const TYPE_AT = 156;
const MAGIC_AT = 257;
const MAGIC = 'ustar\x0000';
const PLAIN_FILE = '0';
/** Larger ones are written in base 256, with the first bit set. */
const LARGEST_OCTAL = 8 ** (SIZE_LENGTH - 1) - 1;
/** The number is in the last bytes: as many as a safe integer has. */
const BASE_256_LENGTH = 8;

/** @param at milliseconds since the epoch */
export function encodeEntry({ name, size }: TarEntry, at: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, NAME_LENGTH, 'latin1');
  writeOctal(block, 0o600, 100, 8);
  writeOctal(block, 0, 108, 8);
  writeOctal(block, 0, 116, 8);
  writeSize(block, size);
  writeOctal(block, Math.floor(at / 1000), 136, 12);
  block.write(PLAIN_FILE, TYPE_AT, 'latin1');
  block.write(MAGIC, MAGIC_AT, 'latin1');
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

/** Undefined for a block of zeros: the end. @throws invalid_request for what no backup has */
export function decodeEntry(block: Buffer): TarEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (readOctal(block, CHECKSUM_AT, CHECKSUM_LENGTH) !== checksumOf(block)) {
    throw invalid('This is no backup of sandboxd, or it is damaged: a header in it is broken.');
  }
  const name = textAt(block, 0, NAME_LENGTH);
  const isPlain = textAt(block, TYPE_AT, 1) === PLAIN_FILE && textAt(block, 345, 155) === '';
  if (!isPlain || block.toString('latin1', MAGIC_AT, MAGIC_AT + MAGIC.length) !== MAGIC) {
    throw invalid(`This is no backup of sandboxd: "${printable(name)}" in it is no plain file.`);
  }
  return { name, size: readSize(block) };
}

/** Zeros that fill the last block of a file. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** For messages: a name nobody has checked yet. */
export const printable = (name: string): string =>
  name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, NAME_LENGTH);

function textAt(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end === -1 ? length : end);
}

const writeOctal = (block: Buffer, value: number, at: number, length: number): void =>
  void block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');

const readOctal = (block: Buffer, at: number, length: number): number => {
  const digits = textAt(block, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
};

function writeSize(block: Buffer, size: number): void {
  if (size <= LARGEST_OCTAL) return writeOctal(block, size, SIZE_AT, SIZE_LENGTH);
  block[SIZE_AT] = 0x80;
  block.writeBigUInt64BE(BigInt(size), SIZE_AT + SIZE_LENGTH - BASE_256_LENGTH);
}

function readSize(block: Buffer): number {
  const isBase256 = block[SIZE_AT] === 0x80;
  const size = isBase256
    ? Number(block.readBigUInt64BE(SIZE_AT + SIZE_LENGTH - BASE_256_LENGTH))
    : readOctal(block, SIZE_AT, SIZE_LENGTH);
  if (Number.isSafeInteger(size)) return size;
  throw invalid('This is no backup of sandboxd, or it is damaged: a size in it is none.');
}

/** The sum of a header's bytes, with its own field counted as spaces. */
function checksumOf(block: Buffer): number {
  const without = Buffer.from(block).fill(' ', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_LENGTH);
  return without.reduce((sum, byte) => sum + byte, 0);
}
