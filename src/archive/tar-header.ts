import { SANDBOX_UID } from '../domain/runtimed.ts';
import { UnpackError, shown } from './unpack-error.ts';

export const BLOCK_BYTES = 512;

/** Zeros that fill the last block of a content. */
export const paddingOf = (bytes: number): number => (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;

/** What an entry of a tar archive is, as far as one is written here. */
export const TYPE = {
  file: '0',
  hardLink: '1',
  symlink: '2',
  directory: '5',
  /** Its content is the name, or the link's target, of the entry that follows. */
  longName: 'L',
  longTarget: 'K',
  /** Its content is records about the entry that follows. */
  extended: 'x',
} as const;
export type EntryType = (typeof TYPE)[keyof typeof TYPE];

/** One header block, its fields as they are. Text holds one byte a character: a name is bytes, of no encoding. */
export interface TarHeader {
  readonly type: string;
  readonly name: string;
  /** Of a link: where it leads. */
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** As POSIX has it, and not GNU. */
  readonly isPosix: boolean;
}

/** Without what it has nothing to say of: whose it is unless the sandbox's, where it leads. */
export type NewHeader = Pick<TarHeader, 'name' | 'type' | 'mode' | 'size' | 'mtime'> &
  Partial<TarHeader> & { readonly type: EntryType };

/** Of the two fields in a header, to which a name and a target are cut. */
export const NAME_BYTES = 100;

/** Where the fields are, and how long. */
const FIELD = {
  name: [0, NAME_BYTES],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, NAME_BYTES],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
type Field = (typeof FIELD)[keyof typeof FIELD];

const MAGIC = { gnu: 'ustar  \0', posix: 'ustar\x0000', ustar: 'ustar\0' };
const MAX_OCTAL = 8 ** 11 - 1;

/** Writes a header into {@link BLOCK_BYTES} of zeros. */
export function encodeHeader(block: Buffer, header: NewHeader): void {
  const { name, type, mode, size, mtime, linkName, isPosix = false } = header;
  writeText(block, FIELD.magic, isPosix ? MAGIC.posix : MAGIC.gnu);
  writeText(block, FIELD.name, name);
  writeNumber(block, FIELD.mode, mode);
  writeNumber(block, FIELD.uid, header.uid ?? SANDBOX_UID);
  writeNumber(block, FIELD.gid, header.gid ?? SANDBOX_UID);
  writeNumber(block, FIELD.size, size);
  writeNumber(block, FIELD.mtime, Math.min(Math.max(mtime, 0), MAX_OCTAL));
  writeText(block, FIELD.type, type);
  if (linkName !== undefined) writeText(block, FIELD.linkName, linkName);
  writeText(block, FIELD.checksum, `${checksumOf(block).toString(8).padStart(6, '0')}\0 `);
}

/** @returns undefined for a block of zeros, which ends an archive. @throws UnpackError */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  const sum = checksumOf(block);
  if (sum === EMPTY_SUM && block.every((byte) => byte === 0)) return undefined;
  if (sum !== readNumber(block, FIELD.checksum)) throw damaged();
  const magic = block.toString('latin1', FIELD.magic[0], FIELD.magic[0] + FIELD.magic[1]);
  const isPosix = magic.startsWith(MAGIC.ustar);
  if (!isPosix && magic !== MAGIC.gnu) throw new UnpackError('The archive is not a tar archive.');
  const prefix = isPosix ? readText(block, FIELD.prefix) : '';
  const base = readText(block, FIELD.name);
  const name = prefix === '' ? base : `${prefix}/${base}`;
  const size = readNumber(block, FIELD.size);
  if (size < 0) throw new UnpackError(`${shown(name)} in the archive has a size below zero.`);
  return {
    // Before there were types, everything was a file.
    type: readText(block, FIELD.type) || TYPE.file,
    name,
    linkName: readText(block, FIELD.linkName),
    mode: readNumber(block, FIELD.mode),
    uid: readNumber(block, FIELD.uid),
    gid: readNumber(block, FIELD.gid),
    size,
    mtime: readNumber(block, FIELD.mtime),
    isPosix,
  };
}

const damaged = () => new UnpackError('A header in the archive is damaged.');

/** The sum is taken with spaces in its own place. */
const EMPTY_SUM = FIELD.checksum[1] * 0x20;

function checksumOf(block: Buffer): number {
  const [start, length] = FIELD.checksum;
  let sum = EMPTY_SUM;
  for (let at = 0; at < start; at += 1) sum += block[at] ?? 0;
  for (let at = start + length; at < BLOCK_BYTES; at += 1) sum += block[at] ?? 0;
  return sum;
}

const writeText = (block: Buffer, [start, length]: Field, text: string): void =>
  void block.write(text, start, length, 'latin1');

/** Ends where its field does, or with a zero before that. */
function readText(block: Buffer, [start, length]: Field): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end === -1 ? start + length : Math.min(end, start + length));
}

/** In octal, or where that is too short for a size, in binary, marked by the first bit. */
function writeNumber(block: Buffer, field: Field, value: number): void {
  const [start, length] = field;
  const digits = value.toString(8).padStart(length - 1, '0');
  if (digits.length < length) return writeText(block, field, digits);
  block[start] = 0x80;
  block.writeBigUInt64BE(BigInt(value), start + length - 8);
}

const OCTAL = /^ *([0-7]*)[ \0]*$/;

/** Octal digits, or, where those are too few, a binary number behind a first byte that is none. */
function readNumber(block: Buffer, [start, length]: Field): number {
  const first = block[start] ?? 0;
  if (first === 0x80 || first === 0xff)
    return binary(block.subarray(start + 1, start + length), first === 0xff);
  const digits = OCTAL.exec(block.toString('latin1', start, start + length))?.[1];
  if (digits === undefined) throw damaged();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function binary(bytes: Buffer, isNegative: boolean): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + (isNegative ? 255 - byte : byte);
  if (!Number.isSafeInteger(value))
    throw new UnpackError('A number in a header of the archive is too large.');
  return isNegative ? -value - 1 : value;
}
