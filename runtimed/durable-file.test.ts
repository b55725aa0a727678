import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDurably } from './durable-file.ts';
import { temporaryDirectory } from './testing/temporary.ts';

test.each<[string, (path: string) => Promise<unknown>]>([
  ['nothing', () => Promise.resolve()],
  ['an older one', (path) => writeFile(path, 'old')],
  ['a symlink', (path) => symlink('elsewhere', path)],
  ['a directory with something in it', (path) => mkdir(join(path, 'deep'), { recursive: true })],
])('a file is put in the place of %s, and is all there is', async (_what, prepare) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'a.json');
  await writeFile(join(directory.path, 'elsewhere'), 'kept');
  await prepare(path);
  await symlink('elsewhere', `${path}.new`);
  await writeDurably(directory.path, 'a.json', 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readFile(join(directory.path, 'elsewhere'), 'utf8')).toBe('kept');
  expect((await readdir(directory.path)).toSorted()).toEqual(['a.json', 'elsewhere']);
});

test('what cannot be written leaves nothing behind', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'missing'));
  await expect(writeDurably(join(directory.path, 'nowhere'), 'a', 'x')).rejects.toMatchObject({
    code: 'ENOENT',
  });
  expect(await readdir(directory.path)).toEqual(['missing']);
});
