import { SANDBOX_UID } from '../domain/runtimed.ts';

export const BLOCK_BYTES = 512;

/** What an entry of a tar archive is. */
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

export interface TarHeader {
  /** Bytes as latin1, like {@link target}; cut to what the field holds. */
  readonly name: string;
  readonly type: EntryType;
  readonly mode: number;
  /** Bytes that follow. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly target?: string;
  /** As POSIX has it, for an entry with records, which GNU tar expects of a sparse file. */
  readonly isPosix?: boolean;
}

/** Of the two fields in a header. */
export const NAME_BYTES = 100;

const MAX_OCTAL = 8 ** 11 - 1;

/** What is the same in every header: whose it is. */
const COMMON = Buffer.alloc(BLOCK_BYTES);
for (const at of [108, 116]) COMMON.write(`${SANDBOX_UID.toString(8).padStart(7, '0')}\0`, at, 'latin1');

const MAGIC = { gnu: 'ustar  \0', posix: 'ustar\x0000' };

/** Writes a header of {@link BLOCK_BYTES}. */
export function writeHeader(block: Buffer, header: TarHeader): void {
  const { name, type, mode, size, mtime, target, isPosix = false } = header;
  COMMON.copy(block);
  block.write(isPosix ? MAGIC.posix : MAGIC.gnu, 257, 'latin1');
  block.write(name, 0, NAME_BYTES, 'latin1');
  block.write(mode.toString(8).padStart(7, '0'), 100, 'latin1');
  writeSize(block, size);
  block.write(octal(Math.min(Math.max(mtime, 0), MAX_OCTAL)), 136, 'latin1');
  block.write(type, 156, 'latin1');
  if (target !== undefined) block.write(target, 157, NAME_BYTES, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

const octal = (value: number) => value.toString(8).padStart(11, '0');

/** In octal, or where that is too short for it in binary, marked by the first bit. */
function writeSize(block: Buffer, size: number): void {
  if (size <= MAX_OCTAL) {
    block.write(octal(size), 124, 'latin1');
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}

/** The sum of all bytes, with its own field taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at += 1) sum += block[at] ?? 0;
  for (let at = 156; at < BLOCK_BYTES; at += 1) sum += block[at] ?? 0;
  return sum;
}
