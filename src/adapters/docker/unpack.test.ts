import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnpackError, unpack } from './unpack.ts';

type Part = Partial<Header> & { name: string; content?: string };

const OWN = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function archive(...parts: Part[]): Readable {
  const files = pack();
  for (const { content = '', ...header } of parts) files.entry({ ...OWN, ...header }, content);
  files.finalize();
  return Readable.from(files);
}

const directory = (name: string): Part => ({ name, type: 'directory', mode: 0o755 });
const file = (name: string, content = 'content'): Part => ({ name, content, mode: 0o644 });
const symlink = (name: string, linkname: string): Part => ({ name, linkname, type: 'symlink' });

async function* broken() {
  const whole = await buffer(archive(directory('layer'), file('layer/a', 'x'.repeat(5000))));
  yield whole.subarray(0, 2000);
  throw new Error('the connection broke');
}

describe('unpack', () => {
  let base: string;
  let target: string;
  const never = new AbortController().signal;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'sandboxd-unpack-'));
    target = join(base, 'target');
    await mkdir(target);
  });
  afterEach(() => rm(base, { recursive: true }));

  it('drops the first segment and keeps modes, times, links and empty directories', async () => {
    const mtime = new Date(1_600_000_000_000);
    await unpack(
      archive(
        directory('layer/'),
        directory('layer/empty'),
        { ...file('layer/run'), mode: 0o6750, mtime },
        symlink('layer/out', '/etc/passwd'),
        { name: 'layer/same', type: 'link', linkname: 'layer/run', mode: 0o750 },
      ),
      target,
      never,
    );
    const run = await stat(join(target, 'run'));
    expect(run.mode & 0o7777).toBe(0o750);
    expect(run.mtime).toEqual(mtime);
    expect((await stat(join(target, 'same'))).ino).toBe(run.ino);
    expect(await readlink(join(target, 'out'))).toBe('/etc/passwd');
    expect(await readdir(join(target, 'empty'))).toEqual([]);
  });

  it('leaves out devices and pipes', async () => {
    const device: Part = { name: 'layer/null', type: 'character-device', devmajor: 1, devminor: 3 };
    await unpack(archive(directory('layer'), device, { name: 'layer/pipe', type: 'fifo' }), target, never);
    expect(await readdir(target)).toEqual([]);
  });

  const hostile: Record<string, Part[]> = {
    'climbs out': [file('layer/../../escaped')],
    'is absolute': [file('/escaped')],
    'writes through a symlink': [symlink('layer/up', '..'), file('layer/up/escaped')],
    'makes a directory through a symlink': [symlink('layer/up', '..'), directory('layer/up/escaped')],
    'overwrites a symlink': [symlink('layer/file', '../escaped'), file('layer/file')],
    'turns a directory into a file': [directory('layer/a'), file('layer/a')],
    'turns a symlink into a directory': [symlink('layer/a', '..'), directory('layer/a')],
    'links to a file outside': [{ name: 'layer/link', type: 'link', linkname: 'layer/../../secret' }],
    'links through a symlink': [
      symlink('layer/up', '..'),
      { name: 'layer/link', type: 'link', linkname: 'layer/up/secret' },
    ],
    'links to a symlink': [
      symlink('layer/a', '../secret'),
      { name: 'layer/link', type: 'link', linkname: 'layer/a' },
    ],
    'is in no directory': [file('layer/missing/file')],
    'is no directory at all': [file('layer')],
  };

  it.each(Object.keys(hostile))('writes nothing outside for an archive that %s', async (attack) => {
    await writeFile(join(base, 'secret'), 'secret');
    const parts = attack === 'is no directory at all' ? [] : [directory('layer')];
    const attempt = unpack(archive(...parts, ...(hostile[attack] ?? [])), target, never);
    await expect(attempt).rejects.toBeInstanceOf(UnpackError);
    expect((await readdir(base)).toSorted()).toEqual(['secret', 'target']);
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  it('names the entry it refuses, not where it would have gone', async () => {
    const failure = await unpack(archive(directory('layer'), file('layer/../x')), target, never).catch(
      (e) => e,
    );
    expect(failure).toBeInstanceOf(UnpackError);
    expect(failure.message).toContain('layer/../x');
    expect(failure.message).not.toContain(base);
  });

  it('fails when the archive breaks off, or takes too long', async () => {
    await expect(unpack(Readable.from(broken()), target, never)).rejects.toThrow('the connection broke');
    const silent = new Readable({ read: () => undefined });
    await expect(unpack(silent, target, AbortSignal.timeout(20))).rejects.toThrow(/abort|timeout/);
    expect(silent.destroyed).toBe(true);
  });
});
