import { spawnSync } from 'node:child_process';
import type { BigIntStats } from 'node:fs';
import { BLOCK_BYTES, paddingOf } from './tar-header.ts';

/** A part of a sparse file that is no hole. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Fewer bytes of holes than this are cheaper to compress than to find. */
const WORTH_FINDING_BYTES = 1024 * 1024;

/** Of a map, and what comes before it. One of more parts is as good as none. */
const MAX_MAP_BYTES = 1024 * 1024;

/** Whether a file takes so much less of the disk than its size that it has holes, or is compressed there. */
const mayBeSparse = ({ size, blocks }: SpaceTaken): boolean =>
  Number(size) - Number(blocks) * 512 >= WORTH_FINDING_BYTES;

type SpaceTaken = Pick<BigIntStats, 'size' | 'blocks'>;

/** Where an open file has no holes worth mentioning; the whole of it where that cannot be told. */
export const partsOf = (file: number, stat: SpaceTaken): readonly Extent[] =>
  (mayBeSparse(stat) ? extentsOf(file, Number(stat.size)) : undefined) ?? [
    { offset: 0, length: Number(stat.size) },
  ];

/** Of all parts together. */
export const lengthOf = (parts: readonly Extent[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

/**
 * Node does not ask the file system, and to read
 * gigabytes of zeros takes half a minute; GNU tar asks, and begins its own archive of the file with the answer.
 */
function extentsOf(file: number, size: number): Extent[] | undefined {
  const { stdout } = spawnSync(
    'tar',
    [
      '--create',
      '--format=posix',
      '--sparse',
      '--hole-detection=seek',
      '--dereference',
      '--file=-',
      OPEN_FILE,
    ],
    { stdio: ['ignore', 'pipe', 'ignore', file], maxBuffer: MAX_MAP_BYTES, encoding: 'latin1' },
  );
  return extentsIn(stdout ?? '', size);
}

/** What the program finds in its fourth place. */
const OPEN_FILE = '/proc/self/fd/3';

/** Records about the file, its header, and the map. */
function extentsIn(archive: string, size: number): Extent[] | undefined {
  const recordBytes = Number.parseInt(archive.slice(124, 136), 8);
  const map = BLOCK_BYTES + recordBytes + paddingOf(recordBytes) + BLOCK_BYTES;
  if (!archive.slice(BLOCK_BYTES, map).includes(' GNU.sparse.major=1\n')) return undefined;
  const [count = 0, ...numbers] = archive.slice(map).split('\n', MAX_MAP_BYTES).map(Number);
  const extents = Array.from({ length: count }, (_, at) => ({
    offset: numbers[2 * at] ?? Number.NaN,
    length: numbers[2 * at + 1] ?? Number.NaN,
  })).filter(({ length }) => length !== 0);
  return areSound(extents, size) ? extents : undefined;
}

/** In order and within the file: it may have changed, or the map have been cut. */
const areSound = (extents: readonly Extent[], size: number): boolean =>
  extents.every(({ offset, length }, at) => {
    const last = extents[at - 1] ?? { offset: 0, length: 0 };
    return offset >= last.offset + last.length && offset + length <= size;
  });

/** The map that goes before the parts, as GNU tar's format 1.0 has it: numbers in lines, filled up to a block with zeros. */
export function sparseMap(extents: readonly Extent[], size: number): Buffer {
  const last = extents.at(-1);
  const reachesEnd = last !== undefined && last.offset + last.length === size;
  const all = reachesEnd ? extents : [...extents, { offset: size, length: 0 }];
  const lines = [all.length, ...all.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
  return Buffer.concat([text, Buffer.alloc(paddingOf(text.byteLength))]);
}
