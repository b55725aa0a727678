import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_WRITE_BYTES } from '../../src/domain/runtimed.ts';
import { type Machine, prepareMachine, readIn } from '../testing/sandbox.ts';
import { Workspace } from './workspace.ts';

let names = 0;
const newName = () => `n${(names += 1)}`;

/** A workspace, beside it a directory that nothing may reach, and an app with a few things in it. */
async function prepare() {
  const machine = await prepareMachine({
    app: { 'a.txt': 'alpha', 'src/b.txt': 'beta' },
    home: { 'notes.txt': 'home' },
    image: { 'outside/secret': 'secret' },
  });
  const workspace = new Workspace(machine.home, newName);
  const outside = join(machine.root, 'outside');
  return { ...machine, outside, workspace, [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose]() };
}

type Prepared = Machine & { outside: string; workspace: Workspace };

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function* breaking(part: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(part);
  throw new Error('the client has left');
}

const app = (path: string) => ({ path, root: 'app' as const });
const write = ({ workspace }: Prepared, path: string, content: string, append = false) =>
  workspace.write({ ...app(path), append }, chunks(content));

const read = async ({ workspace }: Prepared, path: string) =>
  (await workspace.read(app(path))).toString('utf8');

const paths = async ({ workspace }: Prepared, path = '', recursive = true, root: 'app' | 'home' = 'app') =>
  (await workspace.list({ path, root, recursive })).entries.map((entry) => entry.path);

describe('writing', () => {
  it('shows readers the old bytes or the new ones', async () => {
    await using it = await prepare();
    await using reader = await open(join(it.app, 'a.txt'));
    await write(it, 'a.txt', 'new');
    expect(await reader.readFile('utf8')).toBe('alpha');
  });

  it('keeps appends apart that come at once', async () => {
    await using it = await prepare();
    const letters = 'abcdefghijklmnop'.split('');
    await Promise.all(letters.map((letter) => write(it, 'log', `${letter.repeat(600_000)}\n`, true)));
    const lines = (await readIn(it.app, 'log')).split('\n').slice(0, -1);
    expect(lines.map((line) => line.charAt(0)).toSorted()).toEqual(letters);
    expect(lines.filter((line) => line !== line.charAt(0).repeat(600_000))).toEqual([]);
  });

  it.each([
    [
      'that is too long',
      (it: Prepared, append: boolean) =>
        it.workspace.write({ ...app('new/a.txt'), append }, chunks(Buffer.alloc(MAX_WRITE_BYTES), 'x')),
      'payload_too_large',
    ],
    [
      'that breaks off',
      (it: Prepared, append: boolean) =>
        it.workspace.write({ ...app('new/a.txt'), append }, breaking('half')),
      'the client has left',
    ],
  ])('a body %s leaves no file and no directory', async (_, attempt, failure) => {
    await using it = await prepare();
    for (const append of [false, true]) {
      const refused = await attempt(it, append).catch(
        (error: Error & { code?: string }) => error.code ?? error.message,
      );
      expect(refused).toBe(failure);
    }
    expect(await paths(it)).toEqual(['a.txt', 'src', 'src/b.txt']);
  });

  it.each([false, true])(
    'a body that breaks off leaves an existing file as it was (append: %s)',
    async (append) => {
      await using it = await prepare();
      await expect(it.workspace.write({ ...app('a.txt'), append }, breaking('half'))).rejects.toThrow('left');
      expect(await readIn(it.app, 'a.txt')).toBe('alpha');
      expect(await readdir(it.app)).toEqual(['a.txt', 'src']);
    },
  );
});

/** What a tenant may have put at `trap`, and what every operation must say to it. */
const TRAPS: [string, (it: Prepared) => Promise<unknown>][] = [
  ['a symlink out of the home', (it) => symlink(it.outside, join(it.app, 'trap'))],
  ['a symlink up and out', (it) => symlink('../../../outside', join(it.app, 'trap'))],
  ['a symlink to the root', (it) => symlink('/', join(it.app, 'trap'))],
  ['a symlink to a process', (it) => symlink('/proc/self/cwd', join(it.app, 'trap'))],
  ['a loop of symlinks', (it) => symlink('trap', join(it.app, 'trap'))],
  [
    'a chain that leads out at its end',
    async (it) => {
      await symlink(it.outside, join(it.app, 'src/last'));
      await symlink('src/last', join(it.app, 'trap'));
    },
  ],
  [
    "a symlink to runtimed's own directory",
    async (it) => {
      await mkdir(join(it.home, '.runtimed'), { recursive: true });
      await symlink('../../.runtimed', join(it.app, 'trap'));
    },
  ],
];

describe.each(TRAPS)('%s', (_, lay) => {
  it.each([
    ['list', (it: Prepared) => paths(it, 'trap')],
    ['read', (it: Prepared) => read(it, 'trap/secret')],
    ['read itself', (it: Prepared) => read(it, 'trap')],
    ['write', (it: Prepared) => write(it, 'trap/secret', 'x')],
    ['write new', (it: Prepared) => write(it, 'trap/new/file', 'x')],
    ['write itself', (it: Prepared) => write(it, 'trap', 'x')],
    ['append', (it: Prepared) => write(it, 'trap/secret', 'x', true)],
    ['delete', (it: Prepared) => it.workspace.delete(app('trap/secret'))],
    ['start a program', (it: Prepared) => it.workspace.directory(app('trap'))],
  ])('is refused to %s, and nothing changes', async (_, attempt) => {
    await using it = await prepare();
    await lay(it);
    await expect(attempt(it)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await readdir(it.outside)).toEqual(['secret']);
    expect(await readIn(it.outside, 'secret')).toBe('secret');
  });

  it('is listed as a symlink, not entered, and can be deleted itself', async () => {
    await using it = await prepare();
    await lay(it);
    const { entries } = await it.workspace.list({ ...app(''), recursive: true });
    expect(entries.find(({ path }) => path === 'trap')).toEqual({ path: 'trap', type: 'symlink' });
    await it.workspace.delete(app('trap'));
    expect(await readdir(it.app)).not.toContain('trap');
    expect(await readIn(it.outside, 'secret')).toBe('secret');
  });
});

describe('what is not a plain file', () => {
  it.each([
    ['a directory', (path: string) => mkdir(path)],
    ['a FIFO', async (path: string) => execFileSync('mkfifo', [path])],
    [
      'a socket',
      async (path: string) =>
        execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind("${path}")`]),
    ],
  ])('like %s can neither be read nor written, and nobody waits for it', async (_, put) => {
    await using it = await prepare();
    await put(join(it.app, 'odd'));
    await expect(read(it, 'odd')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(write(it, 'odd', 'x')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(write(it, 'odd', 'x', true)).rejects.toMatchObject({ code: 'invalid_request' });
    await it.workspace.delete(app('odd'));
    expect(await readdir(it.app)).toEqual(['a.txt', 'src']);
  });
});

describe('listing', () => {
  it('survives directories deeper than a path can name', async () => {
    await using it = await prepare();
    execFileSync('python3', ['-c', 'import os\nfor _ in range(300):\n  os.mkdir("d"*20); os.chdir("d"*20)'], {
      cwd: it.app,
    });
    const listed = await paths(it);
    expect(listed.length).toBeGreaterThan(100);
    expect(listed.length).toBeLessThan(300);
    execFileSync('rm', ['-rf', join(it.app, 'd'.repeat(20))]);
  });
});

it('reads a file with a name in any script', async () => {
  await using it = await prepare();
  await write(it, 'bücher/本 ☃.txt', 'ja');
  expect(await read(it, 'bücher/本 ☃.txt')).toBe('ja');
  expect(await readFile(join(it.app, 'bücher/本 ☃.txt'), 'utf8')).toBe('ja');
  expect(await paths(it)).toContain('bücher/本 ☃.txt');
});
