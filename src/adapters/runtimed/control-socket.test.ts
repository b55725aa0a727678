import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openedSince } from '../../../tests/harness/open-files.ts';
import { connectControlSocket } from './control-socket.ts';

/** The control directory is the tenant's: these are what one would put there to reach the host through the node. */
describe('connecting to a control socket', () => {
  let root: string;
  let control: string;
  const servers: Server[] = [];
  let reached: string[];

  const serve = async (path: string, name: string) => {
    const server = createServer((socket: Socket) => {
      reached.push(name);
      socket.end(name);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sandboxd-control-'));
    control = join(root, 'run');
    reached = [];
    await mkdir(control);
    await serve(join(root, 'docker.sock'), 'engine');
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
    await rm(root, { recursive: true });
  });

  it('reaches the socket that is there', async () => {
    await serve(join(control, 'control.sock'), 'runtimed');
    expect(await text(await connectControlSocket(control))).toBe('runtimed');
  });

  it('does not follow a symlink to a socket of the host', async () => {
    await symlink('../docker.sock', join(control, 'control.sock'));
    await expect(connectControlSocket(control)).rejects.toThrow('something else than a socket');
    expect(reached).toEqual([]);
  });

  it('does not follow a symlink in the place of the directory', async () => {
    await mkdir(join(root, 'elsewhere'));
    await serve(join(root, 'elsewhere/control.sock'), 'elsewhere');
    await symlink(join(root, 'elsewhere'), join(root, 'link'));
    await expect(connectControlSocket(join(root, 'link'))).rejects.toThrow(/ENOTDIR|ELOOP/);
    expect(reached).toEqual([]);
  });

  it.each(['a file', 'a directory'])('does not take %s for a socket', async (what) => {
    const path = join(control, 'control.sock');
    await (what === 'a file' ? writeFile(path, '') : mkdir(path));
    await expect(connectControlSocket(control)).rejects.toThrow('something else than a socket');
  });

  it('never reaches the host however fast the tenant changes what is there', async () => {
    await serve(join(root, 'mine.sock'), 'runtimed');
    const leaving = new AbortController();
    const [socket, spare, trap] = [
      join(control, 'control.sock'),
      join(control, 'spare'),
      join(control, 'trap'),
    ];
    await rename(join(root, 'mine.sock'), spare);
    await symlink('../docker.sock', trap);
    const tenant = (async () => {
      while (!leaving.signal.aborted) {
        await rename(spare, socket);
        await rename(socket, spare);
        await rename(trap, socket);
        await rename(socket, trap);
      }
    })();
    const outcomes = new Set<string>();
    try {
      for (let attempt = 0; attempt < 300 || outcomes.size < 2; attempt += 1) {
        const outcome = await connectControlSocket(control).then(text, () => 'refused');
        outcomes.add(outcome);
      }
    } finally {
      leaving.abort();
      await tenant;
    }
    expect(outcomes).not.toContain('engine');
    expect(reached).not.toContain('engine');
    expect(outcomes).toContain('runtimed');
    expect(outcomes).toContain('refused');
  });

  it('fails when nobody listens any more, or nothing is there, and leaves nothing open', async () => {
    const opened = openedSince();
    await expect(connectControlSocket(control)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(connectControlSocket(join(root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await serve(join(control, 'first.sock'), 'gone');
    await rename(join(control, 'first.sock'), join(control, 'control.sock'));
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(connectControlSocket(control)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect.poll(opened).toEqual([]);
  });
});
