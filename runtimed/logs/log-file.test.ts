import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { PATIENT } from '../testing/patience.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { LogFile } from './log-file.ts';

const bytes = (text: string) => Buffer.from(text);

/** A log in a directory of its own, with a small limit. */
async function openLog(limit = 20) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'private', 'web.log');
  const log = new LogFile(path, NOTHING_SECRET, limit, 20);
  return {
    path,
    log,
    root: directory.path,
    read: () => readFile(path, 'utf8'),
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('a log file', () => {
  it('keeps the order of what is written at once', async () => {
    await using it = await openLog(1000);
    await Promise.all(['a', 'b', 'c', 'd'].map((text) => it.log.write(bytes(text))));
    expect(await it.read()).toBe('abcd');
  });

  it('goes on where an earlier run has stopped', async () => {
    await using it = await openLog(1000);
    await it.log.write(bytes('one\n'));
    await using next = new LogFile(it.path, NOTHING_SECRET);
    await next.write(bytes('two\n'));
    expect(await it.read()).toBe('one\ntwo\n');
  });

  it('keeps one predecessor when it is full, and never grows beyond its limit', async () => {
    await using it = await openLog(10);
    for (const text of ['first...', 'second..', 'third...']) await it.log.write(bytes(text));
    expect(await it.read()).toBe('third...');
    expect(await readFile(`${it.path}.1`, 'utf8')).toBe('second..');
    expect(await readdir(join(it.root, 'private'))).toHaveLength(2);
  });

  it('counts what an earlier run has written', async () => {
    await using it = await openLog(10);
    await it.log.write(bytes('12345678'));
    await using next = new LogFile(it.path, NOTHING_SECRET, 10);
    await next.write(bytes('abcdefgh'));
    expect(await it.read()).toBe('abcdefgh');
  });

  it('is small even when its predecessor cannot be replaced', async () => {
    await using it = await openLog(10);
    await mkdir(`${it.path}.1/full`, { recursive: true });
    for (let round = 0; round < 5; round += 1) await it.log.write(bytes('12345678'));
    expect(await it.read()).toBe('12345678');
  });

  it('tells of every write', async () => {
    await using it = await openLog(1000);
    const { version } = it.log.changes;
    await it.log.write(bytes('x'));
    expect(it.log.changes.version).toBe(version + 1);
  });
});

/** What a tenant may put in a log's place, and must not get written to or hang on. */
const OBSTACLES: Record<string, (path: string, root: string) => Promise<unknown>> = {
  'a symlink': (path, root) => symlink(join(root, 'victim'), path),
  'a FIFO': (path) => Promise.resolve(execFileSync('mkfifo', [path])),
  'a directory': (path) => mkdir(path),
};

describe.each(Object.entries(OBSTACLES))('a log with %s in its place', (_, put) => {
  it('drops what is written, writes nothing elsewhere, and recovers', async () => {
    await using it = await openLog(1000);
    await writeFile(join(it.root, 'victim'), 'untouched');
    await mkdir(join(it.root, 'private'));
    await put(it.path, it.root);
    await it.log.write(bytes('lost\n'));
    expect(await readFile(join(it.root, 'victim'), 'utf8')).toBe('untouched');
    await rm(it.path, { recursive: true });
    await it.log.write(bytes('kept\n'));
    expect(await it.read()).toBe('kept\n');
  });
});

describe('a log whose file is taken away while it is written', () => {
  it.each([
    ['deleted', (path: string) => rm(path)],
    ['moved', (path: string) => rename(path, `${path}.old`)],
    ['deleted with its directory', (path: string) => rm(join(path, '..'), { recursive: true })],
  ])('is made again after it was %s', async (_, take) => {
    await using it = await openLog(1000);
    await it.log.write(bytes('before\n'));
    await take(it.path);
    const written = async () => {
      await it.log.write(bytes('after\n'));
      return it.read();
    };
    await expect.poll(written, PATIENT).toMatch(/^after/);
  });
});

it('is not held up when its directory is a file', async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, 'private'), '');
  await using log = new LogFile(join(directory.path, 'private', 'web.log'), NOTHING_SECRET);
  await expect(log.write(bytes('lost'))).resolves.toBeUndefined();
});
