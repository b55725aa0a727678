import { link, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { maskOf } from '../../src/domain/mask.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { blankSecrets } from './blanking.ts';

const SECRET = 'fake-sk/+test "quoted"=ünïcode&x';
const CHUNK = 1024 * 1024;

it('blanks secrets in every form, and leaves the length and everything else', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'projects'));
  const path = join(directory.path, 'projects', 'session.jsonl');
  const line = {
    text: `I was given ${SECRET}.`,
    raw: Buffer.from(`x${SECRET}`).toString('base64'),
    is: true,
  };
  const before = Buffer.concat([Buffer.alloc(CHUNK - 30, '\n'), Buffer.from(SECRET + JSON.stringify(line))]);
  await writeFile(path, before);
  await blankSecrets(directory.path, maskOf([SECRET]));
  const after = await readFile(path);
  expect(after.length).toBe(before.length);
  const text = after.toString().trimStart();
  expect(text.slice(0, Buffer.byteLength(SECRET))).toMatch(/^\*+$/);
  const kept = JSON.parse(text.slice(Buffer.byteLength(SECRET))) as typeof line;
  expect(kept).toEqual({
    text: expect.stringMatching(/^I was given \*+\.$/),
    raw: expect.stringMatching(/^eG*\*+/),
    is: true,
  });
});

it('leaves words, and files that lie elsewhere', async () => {
  await using directory = await temporaryDirectory();
  await using elsewhere = await temporaryDirectory();
  const outside = join(elsewhere.path, 'notes.txt');
  await writeFile(outside, SECRET);
  await link(outside, join(directory.path, 'linked.txt'));
  await symlink(outside, join(directory.path, 'symlink.txt'));
  await symlink(elsewhere.path, join(directory.path, 'all'));
  await writeFile(join(directory.path, 'words.json'), '{"role":"user"}');
  await blankSecrets(directory.path, maskOf([SECRET, 'user']));
  expect(await readFile(outside, 'utf8')).toBe(SECRET);
  expect(await readFile(join(directory.path, 'words.json'), 'utf8')).toBe('{"role":"user"}');
});
