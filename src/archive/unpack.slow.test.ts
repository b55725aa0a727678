import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { directory, expectedOf, file, inPieces, tarOf, zstdOf } from '../../tests/harness/archives.ts';
import { UnpackError } from './unpack-error.ts';
import { unpack } from './unpack.ts';

const SMALL = { contentBytes: 10_000, entryCount: 10 };
const PLAIN = { droppedSegments: 0 } as const;

/** More than is under way at once, and more than fits into memory of the two threads unnoticed. */
const BIG = 'x'.repeat(1.5 * 1024 ** 2);

async function* broken() {
  const whole = await tarOf(directory('layer'), file('layer/a', 'x'.repeat(5000)));
  yield whole.subarray(0, 2000);
  throw new Error('the connection broke');
}

describe('unpacking a small archive', () => {
  let target: string;

  beforeEach(async () => {
    target = await mkdtemp(join(tmpdir(), 'sandboxd-unpack-'));
  });
  afterEach(() => rm(target, { recursive: true }));

  const small = (archive: Buffer) =>
    ({ directory: target, compression: 'zstd', expected: expectedOf(archive, SMALL), tree: PLAIN }) as const;

  it('needs no thread, and gives the same', async () => {
    const archive = zstdOf(await tarOf(directory('sub'), file('sub/a', 'a')));
    const started = vi.fn<(worker: Worker) => void>();
    process.on('worker', started);
    expect(await unpack(inPieces(archive, 10), small(archive))).toEqual({ warnings: [] });
    process.off('worker', started);
    expect(started).not.toHaveBeenCalled();
    expect(await readFile(join(target, 'sub/a'), 'utf8')).toBe('a');
  });

  it('needs one where a single entry can take the place of many files', async () => {
    const archive = zstdOf(await tarOf(file('a')));
    const started = vi.fn<(worker: Worker) => void>();
    process.on('worker', started);
    await unpack(inPieces(archive), { ...small(archive), tree: { ...PLAIN, isLayered: true } });
    process.off('worker', started);
    expect(started).toHaveBeenCalledOnce();
  });

  it('refuses what is refused, and lets go of where it comes from', async () => {
    const archive = zstdOf(await tarOf(file('../x')));
    const source = Readable.from(inPieces(archive));
    await expect(unpack(source, small(archive))).rejects.toBeInstanceOf(UnpackError);
    expect(source.destroyed).toBe(true);
  });

  it('ends with the signal’s reason when it takes too long', async () => {
    const silent = new Readable({ read: () => undefined });
    const given = new AbortController();
    const unpacking = unpack(silent, small(Buffer.alloc(0)), given.signal);
    given.abort(new Error('given up'));
    await expect(unpacking).rejects.toThrow('given up');
    expect(silent.destroyed).toBe(true);
  });
});

describe('unpacking in a thread of its own', () => {
  let target: string;

  beforeEach(async () => {
    target = await mkdtemp(join(tmpdir(), 'sandboxd-unpack-'));
  });
  afterEach(() => rm(target, { recursive: true }));

  const layer = () => ({ directory: target, compression: 'none', tree: { droppedSegments: 1 } }) as const;

  it('gives what is in the archive, and says what was left out', async () => {
    const pipe = { name: 'pipe', type: 'fifo' } as const;
    const archive = zstdOf(await tarOf(directory('sub'), file('sub/big', BIG), pipe));
    const expected = expectedOf(archive, { contentBytes: BIG.length, entryCount: 3 });
    const job = { directory: target, compression: 'zstd', expected, tree: { droppedSegments: 0 } } as const;
    expect(await unpack(inPieces(archive, 100), job)).toEqual({ warnings: ['1 named pipe was left out'] });
    expect(await readdir(target)).toEqual(['sub']);
    expect(await readFile(join(target, 'sub/big'), 'utf8')).toBe(BIG);
  });

  it('takes parts of any size, of a stream or an iteration', async () => {
    const archive = await tarOf(directory('layer'), file('layer/big', BIG));
    await unpack(Readable.from(inPieces(archive, 7777)), layer());
    expect((await stat(join(target, 'big'))).size).toBe(BIG.length);
    await rm(join(target, 'big'));
    await unpack(inPieces(archive, archive.length), layer());
    expect((await stat(join(target, 'big'))).size).toBe(BIG.length);
  });

  it('names the entry it refuses, not where it would have gone', async () => {
    const archive = await tarOf(directory('layer'), file('layer/../x'), file('layer/more', BIG));
    const source = Readable.from(inPieces(archive));
    const failure = await unpack(source, layer()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnpackError);
    expect((failure as Error).message).toBe('"layer/../x" in the archive leads out of its directory.');
    expect(source.destroyed).toBe(true);
  });

  it('tells the code of what the system refuses', async () => {
    const archive = await tarOf(directory('layer'), file('layer/a'));
    const nowhere = { ...layer(), directory: join(target, 'missing') };
    await expect(unpack(inPieces(archive), nowhere)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('fails when the archive breaks off, or takes too long', async () => {
    await expect(unpack(broken(), layer())).rejects.toThrow('the connection broke');
    const silent = new Readable({ read: () => undefined });
    await expect(unpack(silent, layer(), AbortSignal.timeout(20))).rejects.toThrow(/abort|timeout/);
    expect(silent.destroyed).toBe(true);
  });

  it('is over when it has failed: nothing is written after that', async () => {
    const given = new AbortController();
    async function* endless() {
      const archive = await tarOf(directory('layer'), file('layer/big', BIG));
      yield archive.subarray(0, 1024 ** 2);
      given.abort(new Error('given up'));
      yield archive.subarray(1024 ** 2);
    }
    await expect(unpack(endless(), layer(), given.signal)).rejects.toThrow('given up');
    await rm(target, { recursive: true });
    await mkdir(target);
    expect(await readdir(target)).toEqual([]);
  });
});
