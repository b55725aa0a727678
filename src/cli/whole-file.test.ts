import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Failure } from './failure.ts';
import { writeWholeFile } from './whole-file.ts';

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
