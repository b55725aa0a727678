import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openedSince } from '../../../tests/harness/open-files.ts';
import { listenIn } from './socket.ts';

describe("a provider's socket", () => {
  let directory: string;
  const scope: AsyncDisposable[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxd-provider-'));
  });
  afterEach(async () => {
    for (const one of scope.splice(0)) await one[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const listen = async (path: string) => {
    const listening = await listenIn(path, createServer());
    scope.push(listening);
    return listening;
  };

  it('is open to every user, whose numbers mean nothing on this machine', async () => {
    await listen(directory);
    const { mode } = await stat(join(directory, 'provider.sock'));
    expect(mode & 0o777).toBe(0o666);
  });

  it('may have a path that is longer than the name of a socket can be', async () => {
    const deep = join(directory, 'd'.repeat(200));
    await mkdir(deep);
    await listen(deep);
    expect(await readdir(deep)).toEqual(['provider.sock']);
  });

  it('takes the place of what a killed server has left', async () => {
    await writeFile(join(directory, 'provider.sock'), '');
    await listen(directory);
    const socket = connect(join(directory, 'provider.sock'));
    await expect(once(socket, 'connect')).resolves.toEqual([]);
    socket.destroy();
  });

  it('is gone when it is closed, with every file it held', async () => {
    const opened = openedSince();
    const listening = await listen(directory);
    await listening[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual([]);
    await expect.poll(opened).toEqual([]);
  });

  it('the number of a directory that was closed goes to another one: closing the first leaves the other its socket', async () => {
    const [one, other] = [join(directory, 'one'), join(directory, 'other')];
    await Promise.all([mkdir(one), mkdir(other)]);
    const first = await listen(one);
    await listen(other);
    await first[Symbol.asyncDispose]();
    await listen(one);
    expect(await readdir(one)).toEqual(['provider.sock']);
    expect(await readdir(other)).toEqual(['provider.sock']);
  });

  it.each(['nothing', 'a file', 'a symlink to a directory'])(
    'is not made where there is %s',
    async (what) => {
      const path = join(directory, 'place');
      if (what === 'a file') await writeFile(path, '');
      if (what === 'a symlink to a directory') await symlink(directory, path);
      const opened = openedSince();
      await expect(listenIn(path, createServer())).rejects.toThrow(/ENOENT|ENOTDIR|ELOOP/);
      await expect.poll(opened).toEqual([]);
    },
  );
});
