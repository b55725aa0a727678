import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from './failure.ts';
import { requireWritable, writeWholeFile } from './whole-file.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-file-'));
  path = join(directory, 'backup.tar');
});
afterEach(() => rm(directory, { recursive: true }));

const content = (...parts: string[]) =>
  async function* () {
    yield* parts.map((part) => Buffer.from(part));
  };

const good = async () => 'good';
const never = () => Promise.reject(new Error('It was asked for.'));

it('is there once it was found good, for its owner alone', async () => {
  await writeFile(path, 'of before', { mode: 0o644 });
  const found = await writeWholeFile(
    path,
    async () => content('a', 'b')(),
    async (temporary) => {
      expect(await readFile(path, 'utf8')).toBe('of before');
      return readFile(temporary, 'utf8');
    },
  );
  expect(found).toBe('ab');
  expect(await readFile(path, 'utf8')).toBe('ab');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['backup.tar']);
});

it.each([
  ['its content cannot be had', async () => Promise.reject(new Error('no')), good],
  [
    'its content breaks off',
    async () =>
      (async function* () {
        yield Buffer.from('a');
        throw new Error('no');
      })(),
    good,
  ],
  ['it is found bad', async () => content('a')(), async () => Promise.reject(new Error('no'))],
] as const)('is not there when %s', async (_what, make, check) => {
  await expect(writeWholeFile(path, make, check)).rejects.toThrow('no');
  expect(await readdir(directory)).toEqual([]);
});

it('is not asked for where it cannot be written', async () => {
  const nowhere = writeWholeFile(join(directory, 'none', 'x.tar'), never, good);
  await expect(nowhere).rejects.toThrow(Failure);
  await expect(nowhere).rejects.toThrow('ENOENT');
});

it('never takes the place of a directory', async () => {
  const there = writeWholeFile(directory, async () => content('a')(), good);
  await expect(there).rejects.toThrow('EISDIR');
  expect(await readdir(directory)).toEqual([]);
});

describe('What would keep it from being written', () => {
  it.each([
    ['a directory', '', (at: string) => `${at} is a directory. Name a file in it, like ${at}/sandboxd.tar.`],
    [
      'in a directory that is missing',
      'none/deep/x.tar',
      (at: string) => `there is no directory ${join(at, '..')}. Make it ("mkdir -p ${join(at, '..')}")`,
    ],
    ['in what is a file', 'file/x.tar', (at: string) => `${join(at, '..')} is not a directory.`],
    ['below what is a file', 'file/deep/x.tar', (at: string) => `no directory ${join(at, '..')}.`],
  ])('is told of one that is %s', async (_what, name, message) => {
    await writeFile(join(directory, 'file'), '');
    const at = join(directory, name);
    const refusal = requireWritable(at);
    await expect(refusal).rejects.toThrow(Failure);
    await expect(refusal).rejects.toThrow(message(at));
  });

  it('is nothing for one that is new, or that is replaced', async () => {
    await requireWritable(path);
    await writeFile(path, '');
    await requireWritable(path);
    expect(await readdir(directory)).toEqual(['backup.tar']);
  });
});
