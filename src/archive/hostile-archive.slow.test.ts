import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  END_OF_TAR,
  type Part,
  directory,
  expectedOf,
  file,
  hardLink,
  inPieces,
  padded,
  paxHeader,
  rawHeader,
  sparseFile,
  symlink,
  tarOf,
  zstdOf,
} from '../../tests/harness/archives.ts';
import { makeTarget, unpackTar } from '../../tests/harness/unpacking.ts';
import type { TreeOptions } from './tree-writer.ts';
import { UnpackError } from './unpack-error.ts';
import { type UnpackJob, unpackHere } from './unpacking.ts';

let base: string;
let target: string;

beforeEach(async () => {
  ({ base, target } = await makeTarget());
});
afterEach(() => rm(base, { recursive: true }));

const plain = (tar: Buffer, tree: Partial<TreeOptions> = {}) => unpackTar(tar, target, tree);

const compressed = (archive: Buffer, job: Partial<UnpackJob> = {}) =>
  unpackHere(inPieces(archive), {
    directory: target,
    compression: 'zstd',
    expected: expectedOf(archive),
    tree: { droppedSegments: 0 },
    ...job,
  });

describe('a hostile archive', () => {
  const hostile: Record<string, Part[]> = {
    'climbs out': [file('layer/../../escaped')],
    'is absolute': [file('/escaped')],
    'writes through a symlink': [symlink('layer/up', '..'), file('layer/up/escaped')],
    'makes a directory through a symlink': [symlink('layer/up', '..'), directory('layer/up/escaped')],
    'overwrites a symlink': [symlink('layer/file', '../escaped'), file('layer/file')],
    'turns a directory into a file': [directory('layer/a'), file('layer/a')],
    'turns a symlink into a directory': [symlink('layer/a', '..'), directory('layer/a')],
    'turns a file into a directory': [file('layer/a'), directory('layer/a')],
    'has a file twice': [file('layer/a'), file('layer/./a')],
    'links to a file outside': [hardLink('layer/link', 'layer/../../secret')],
    'links to an absolute path': [hardLink('layer/link', '/etc/passwd')],
    'links through a symlink': [symlink('layer/up', '..'), hardLink('layer/link', 'layer/up/secret')],
    'links to a symlink': [symlink('layer/a', '../secret'), hardLink('layer/link', 'layer/a')],
    'links to a directory': [directory('layer/a'), hardLink('layer/link', 'layer/a')],
    'links to what comes later': [hardLink('layer/link', 'layer/a'), file('layer/a')],
    'is in no directory': [file('layer/missing/file')],
    'puts files below a file': [file('layer/a'), file('layer/a/b')],
    'puts files below a device': [{ name: 'layer/a', type: 'fifo' }, hardLink('layer/l', 'layer/none')],
  };

  it.each(Object.keys(hostile))('that %s is refused, and writes nothing outside', async (attack) => {
    const tar = await tarOf(directory('layer'), ...(hostile[attack] ?? []));
    for (const droppedSegments of [0, 1] as const) {
      await expect(plain(tar, { droppedSegments })).rejects.toBeInstanceOf(UnpackError);
      await rm(target, { recursive: true });
      await mkdir(target);
    }
    expect((await readdir(base)).toSorted()).toEqual(['secret', 'target']);
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  const raw: Record<string, [string, ...Buffer[]]> = {
    'is no directory at all': ['"." in the archive is not a directory', rawHeader({ name: '.' })],
    'has a link to nothing': ['"l" in the archive links to nothing', rawHeader({ name: 'l', type: '2' })],
    'hides a name behind a NUL': [
      'a NUL in it',
      rawHeader({ name: 'L', type: 'L', size: 12 }),
      padded('shown\0hidden'),
      rawHeader({ name: 'x' }),
    ],
    'has a NUL in a pax name': ['a NUL in it', paxHeader({ path: 'a\0b' }), rawHeader({ name: 'x' })],
    'climbs out by a pax name': ['leads out', paxHeader({ path: '../escaped' }), rawHeader({ name: 'x' })],
    'climbs out by a long name': [
      'leads out',
      rawHeader({ name: 'L', type: 'L', size: 11 }),
      padded('../escaped\0'),
      rawHeader({ name: 'x' }),
    ],
    'has a name without end': ['is too long', rawHeader({ name: 'L', type: 'L', size: 2 ** 30 })],
    'has a size below zero': ['a size below zero', rawHeader({ name: 'x', size: Buffer.alloc(12, 0xff) })],
    'has a size beyond numbers': [
      'is too large',
      rawHeader({ name: 'x', size: Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0x7f)]) }),
    ],
    'has a size that is no number': ['is damaged', rawHeader({ name: 'x', size: Buffer.from('0x10') })],
    'has a pax size that is no number': ['no number', paxHeader({ size: '1e3' }), rawHeader({ name: 'x' })],
    'has a pax time that is no time': ['no time', paxHeader({ mtime: '1e300' }), rawHeader({ name: 'x' })],
    'has a pax header that lies about its length': [
      'pax header in the archive is damaged',
      rawHeader({ name: 'x', type: 'x', size: 10 }),
      padded('99 path=a\n'),
    ],
    'has an entry of no known kind': ['kind that is not known', rawHeader({ name: 'x', type: 'Q' })],
    'has a sparse file in the old format': ['sparse file in a format', rawHeader({ name: 'x', type: 'S' })],
    'has a sparse file of format 0.1': [
      'sparse file in a format',
      paxHeader({ 'GNU.sparse.map': '0,1', 'GNU.sparse.realsize': '1' }),
      rawHeader({ name: 'x' }),
    ],
    'is of no format that is known': ['not a tar archive', rawHeader({ name: 'x', magic: 'zip' })],
  };

  it.each(Object.keys(raw))('that %s is refused by name', async (attack) => {
    const [message = '', ...blocks] = raw[attack] ?? [];
    const failure = await plain(Buffer.concat([...blocks, END_OF_TAR])).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnpackError);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).not.toContain(base);
  });

  it.each([
    ['more pieces than its content', 4096, '2\n0\n512\n1024\n512\n'],
    ['fewer pieces than its content', 4096, '1\n0\n100\n'],
    ['pieces that overlap', 4096, '2\n0\n300\n200\n212\n'],
    ['pieces beyond its end', 512, '1\n1024\n512\n'],
    ['a number too long', 512, `1\n${'9'.repeat(30)}\n512\n`],
    ['a number that is none', 512, '1\n-1\n512\n'],
    ['too many pieces', 512, '99999999999\n0\n512\n'],
    ['no map', 512, ''],
  ])('with a sparse file that has %s is refused', async (_what, size, map) => {
    const file = sparseFile(size, map, 'p'.repeat(512));
    await expect(plain(Buffer.concat([file, END_OF_TAR]))).rejects.toBeInstanceOf(UnpackError);
  });

  it('shows a name without what a terminal would obey', async () => {
    const tar = Buffer.concat([rawHeader({ name: '../\x1b[2Jx' }), END_OF_TAR]);
    await expect(plain(tar)).rejects.toThrow('"../\u{fffd}[2Jx" in the archive leads out');
  });
});

describe('an archive that is not what it should be', () => {
  it('is refused when it is cut off anywhere', async () => {
    const archive = await sound();
    for (let sixteenths = 0; sixteenths < 16; sixteenths += 1) {
      const cut = archive.subarray(0, Math.floor((archive.length * sixteenths) / 16));
      const attempt = unpackHere(inPieces(cut), {
        directory: await mkdtemp(join(base, 'cut-')),
        compression: 'zstd',
        expected: expectedOf(cut),
        tree: { droppedSegments: 0 },
      });
      await expect(attempt).rejects.toBeInstanceOf(UnpackError);
    }
  });

  it('is refused when it ends between two entries', async () => {
    const tar = await tarOf(directory('a'), directory('b'));
    await expect(plain(tar.subarray(0, 512))).rejects.toThrow('ends midway');
    await expect(plain(tar.subarray(512, 700))).rejects.toThrow('ends midway');
    await expect(plain(Buffer.alloc(0))).rejects.toThrow('ends midway');
  });

  it('is refused when any part of it has flipped a bit, in its frame, its headers, its content, its checksum', async () => {
    const archive = await sound();
    for (let at = 0; at < archive.length; at += 5) {
      const flipped = Buffer.from(archive);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
      const attempt = compressed(flipped, {
        directory: await mkdtemp(join(base, 'flipped-')),
        expected: expectedOf(archive),
      });
      await expect(attempt).rejects.toBeInstanceOf(UnpackError);
    }
  });

  it('is refused when it is another one', async () => {
    const other = zstdOf(await tarOf(file('a')));
    await expect(compressed(other, { expected: expectedOf(await sound()) })).rejects.toThrow(
      'checksum differs',
    );
  });

  it.each([
    ['text', Buffer.from('No archive at all, but rather a text of some length.')],
    ['a zstd file of text', zstdOf(Buffer.from('text'.repeat(1000)))],
    ['an archive that nothing compressed', rawHeader({ name: 'x' })],
  ])('is refused when it is %s', async (_what, bytes) => {
    await expect(compressed(bytes)).rejects.toBeInstanceOf(UnpackError);
  });

  it('is refused when something comes after its end', async () => {
    await expect(compressed(Buffer.concat([await sound(), Buffer.from('more')]))).rejects.toThrow(
      'after its end',
    );
  });
});

describe('a bomb', () => {
  it('that announces a terabyte is refused before any of it is read', async () => {
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size.writeUIntBE(1024 ** 4, 6, 6);
    const archive = zstdOf(Buffer.concat([rawHeader({ name: 'bomb', size }), Buffer.alloc(1024 ** 2)]));
    await expect(compressed(archive)).rejects.toThrow('more bytes of files than it should');
    expect(await readdir(target)).toEqual([]);
  });

  it('of more content than it says is refused before the disk takes it', async () => {
    const archive = zstdOf(await tarOf(file('a', 'x'.repeat(600)), file('b', 'x'.repeat(600))));
    const limits = { contentBytes: 1000, entryCount: 10 };
    await expect(compressed(archive, { expected: expectedOf(archive, limits) })).rejects.toThrow(
      'more bytes of files',
    );
    expect(await readdir(target)).toEqual(['a']);
  });

  it('of more entries than it says is refused', async () => {
    const archive = zstdOf(await tarOf(...Array.from({ length: 20 }, (_, i) => directory(`d${i}`))));
    const expected = expectedOf(archive, { contentBytes: 0, entryCount: 19 });
    await expect(compressed(archive, { expected })).rejects.toThrow('more entries');
    await rm(target, { recursive: true });
    await mkdir(target);
    await compressed(archive, { expected: { ...expected, entryCount: 20 } });
  });

  it('of headers, or of nothing after its end, is refused', async () => {
    const limits = { contentBytes: 0, entryCount: 1 };
    const names = Buffer.concat([rawHeader({ name: 'L', type: 'L', size: 1000 }), Buffer.alloc(1024, 0x61)]);
    const headers = zstdOf(Buffer.concat(Array.from({ length: 1000 }, () => names)));
    for (const archive of [headers, zstdOf(Buffer.alloc(4 * 1024 ** 2))]) {
      await expect(compressed(archive, { expected: expectedOf(archive, limits) })).rejects.toThrow(
        'more bytes than it should',
      );
    }
  });

  it('of holes that nobody could look through is refused', async () => {
    const file = sparseFile(1024 ** 4 + 1, '0\n', '');
    const archive = zstdOf(Buffer.concat([file, END_OF_TAR]));
    await expect(compressed(archive)).rejects.toThrow('larger files than it may');
    expect(await readdir(target)).toEqual([]);
  });

  it('with a sparse file counts for what is in it, not for its holes', async () => {
    const file = sparseFile(10 * 1024 ** 3, '1\n4096\n512\n', 'p'.repeat(512));
    const archive = zstdOf(Buffer.concat([file, END_OF_TAR]));
    const limits = { contentBytes: 511, entryCount: 1 };
    await expect(compressed(archive, { expected: expectedOf(archive, limits) })).rejects.toThrow(
      'more bytes of files',
    );
    await rm(join(target, 'holes'));
    await compressed(archive, { expected: expectedOf(archive, { ...limits, contentBytes: 512 }) });
    const holes = await stat(join(target, 'holes'));
    expect(holes.size).toBe(10 * 1024 ** 3);
    expect(holes.blocks).toBeLessThan(100);
  });
});

async function sound(): Promise<Buffer> {
  return zstdOf(await tarOf(directory('a'), file('a/b', 'b'.repeat(3000)), file('a/c', `${Math.PI}`)));
}
