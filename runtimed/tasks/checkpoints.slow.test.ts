import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { MAX_TASK_DIFF_BYTES } from '../../src/domain/task.ts';
import { Workspace } from '../files/workspace.ts';
import { programEnvironment } from '../processes/environment.ts';
import { collecting, writeFiles } from '../testing/sandbox.ts';
import { oddGit } from '../testing/odd-git.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { until } from '../testing/until.ts';
import { MAX_CHECKPOINT_FILE } from './app-tree.ts';
import { Checkpoints } from './checkpoints.ts';
import '../testing/patience.ts';

const run = promisify(execFile);
const { signal } = new AbortController();

async function prepare(files: Record<string, string> = {}, path = process.env['PATH']) {
  const home = await temporaryDirectory();
  const app = join(home.path, APP_DIRECTORY);
  await mkdir(app, { recursive: true });
  await writeFiles(app, files);
  const log: string[] = [];
  const checkpoints = new Checkpoints({
    home: home.path,
    workspace: new Workspace(home.path, randomUUID),
    directory: app,
    environment: programEnvironment({ PATH: path }, home.path),
    newMark: randomUUID,
    logger: collecting(log),
  });
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=user', '-c', 'user.email=user@localhost'];
    return (await run('git', [...identity, ...args], { cwd: app })).stdout;
  };
  const repository = join(home.path, '.runtimed/checkpoints.git');
  return {
    app,
    log,
    checkpoints,
    git,
    repository,
    take: (name = 'T1') => checkpoints.take(name, signal),
    restore: (commit: string) => checkpoints.restore(commit, randomUUID(), signal),
    compare: (commit: string) => checkpoints.compare(commit, signal),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/** Everything in a tree, by its path as bytes: kind, permission to execute, content. */
async function contentsOf(
  directory: string,
  below = Buffer.from(directory),
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(below, { encoding: 'buffer', withFileTypes: true })) {
    const path = Buffer.concat([below, Buffer.from('/'), entry.name]);
    const name = path.toString('latin1').slice(directory.length + 1);
    if (entry.isDirectory()) Object.assign(found, await contentsOf(directory, path));
    else if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(path)}`;
    else {
      const isExecutable = ((await lstat(path)).mode & 0o100) !== 0;
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      found[name] = `${isExecutable ? 'x' : '-'} ${digest}`;
    }
  }
  return found;
}

describe('a checkpoint', () => {
  test('holds every file byte for byte, also what git is told to ignore or to change', async () => {
    await using it = await prepare({
      '.gitignore': '*.log\n.env\n',
      '.gitattributes': '* text=auto eol=crlf ident filter=upper export-subst working-tree-encoding=UTF-16\n',
      '.env': 'KEY=test-key-not-real\n',
      'a.log': 'ignored\n',
      'lf.txt': 'a\nb\n$Id$\n',
      'crlf.txt': 'a\r\nb\r\n',
      'deep/er/file.bin': '\0\u0001\u00ff',
      'run.sh': '#!/bin/sh\n',
      '.gitmodules': '[submodule "x"]\n',
    });
    await chmod(join(it.app, 'run.sh'), 0o755);
    await symlink('/etc/passwd', join(it.app, 'outside'));
    await symlink('nowhere', join(it.app, 'dangling'));
    const before = await contentsOf(it.app);
    const commit = await it.take();
    await rm(it.app, { recursive: true });
    await it.restore(commit);
    expect(await contentsOf(it.app)).toEqual(before);
  });

  test('leaves generated directories, large files and what is no file alone', async () => {
    await using it = await prepare({
      'a.txt': 'a',
      'node_modules/x/index.js': '1',
      'packages/b/node_modules/y.js': '1',
      'dist/out.js': '1',
      'large.bin': 'small yet',
    });
    await truncate(join(it.app, 'large.bin'), MAX_CHECKPOINT_FILE + 1);
    await run('mkfifo', [join(it.app, 'fifo')]);
    const commit = await it.take();
    await writeFiles(it.app, { 'a.txt': 'changed', 'dist/out.js': '2', 'node_modules/x/index.js': '2' });
    const { changed } = await it.restore(commit);
    expect(changed.files).toEqual(['a.txt']);
    expect(await readFile(join(it.app, 'dist/out.js'), 'utf8')).toBe('2');
    expect(await readFile(join(it.app, 'node_modules/x/index.js'), 'utf8')).toBe('2');
    expect((await stat(join(it.app, 'large.bin'))).size).toBe(MAX_CHECKPOINT_FILE + 1);
    expect((await lstat(join(it.app, 'fifo'))).isFIFO()).toBe(true);
  });

  test.each([
    ['with changes of every kind in the user’s own repository', async () => {}],
    [
      'in the middle of a detached HEAD',
      async (git: (...args: string[]) => Promise<string>) => void (await git('checkout', '-q', '--detach')),
    ],
  ])('touches nothing of git’s, %s', async (_name, more) => {
    await using it = await prepare({ 'a.txt': 'one\n', 'b.txt': 'b\n' });
    await it.git('init', '-q');
    await it.git('add', '.');
    await it.git('commit', '-qm', 'first');
    await writeFiles(it.app, { 'a.txt': 'stashed\n' });
    await it.git('stash', '-q');
    await writeFiles(it.app, { 'a.txt': 'staged\n', 'new.txt': 'new\n' });
    await more(it.git);
    await it.git('add', '.');
    await writeFiles(it.app, { 'a.txt': 'neither\n' });
    const before = await contentsOf(join(it.app, '.git'));
    const commit = await it.take();
    await writeFiles(it.app, { 'a.txt': 'by an agent\n', 'c.txt': 'c\n' });
    await it.compare(commit);
    await it.restore(commit);
    expect(await contentsOf(join(it.app, '.git'))).toEqual(before);
    expect(await it.git('log', '--all', '--format=%s', '--branches')).not.toContain('T1');
    expect(await readFile(join(it.app, 'a.txt'), 'utf8')).toBe('neither\n');
  });

  test('is made where .git is a file, and where there are repositories in the app', async () => {
    await using it = await prepare({ '.git': 'gitdir: /nowhere\n', 'a.txt': 'a', 'nested/b.txt': 'b' });
    await run('git', ['init', '-q'], { cwd: join(it.app, 'nested') });
    await mkdir(join(it.app, 'empty'));
    await run('git', ['init', '-q'], { cwd: join(it.app, 'empty') });
    const commit = await it.take();
    const before = await contentsOf(it.app);
    await rm(join(it.app, 'nested/b.txt'));
    await writeFiles(it.app, { 'a.txt': 'x', 'nested/c.txt': 'c', 'empty/d.txt': 'd' });
    const { files } = await it.compare(commit);
    expect(files).toEqual(['a.txt', 'empty/d.txt', 'nested/b.txt', 'nested/c.txt']);
    await it.restore(commit);
    expect(await contentsOf(it.app)).toEqual(before);
  });

  test('survives whatever becomes of the app’s own repository', async () => {
    await using it = await prepare({ 'a.txt': 'a' });
    await it.git('init', '-q');
    const commit = await it.take();
    await rm(join(it.app, '.git'), { recursive: true });
    await writeFiles(it.app, { 'a.txt': 'b' });
    await it.restore(commit);
    expect(await readFile(join(it.app, 'a.txt'), 'utf8')).toBe('a');
  });

  test('does not read again what has not changed', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f/${index}`, `${index}`]));
    await using it = await prepare(files);
    await it.take();
    const objects = () => readdir(join(it.repository, 'objects'), { recursive: true });
    const before = (await objects()).length;
    await it.take('T2');
    // A commit, and the directory it is in.
    expect((await objects()).length - before).toBeLessThanOrEqual(2);
  });

  test.each<[string, (repository: string) => Promise<unknown>]>([
    ['deleted', (path) => rm(path, { recursive: true })],
    ['a file', (path) => rm(path, { recursive: true }).then(() => writeFile(path, 'x'))],
    ['a symlink', (path) => rm(path, { recursive: true }).then(() => symlink('/tmp', path))],
    ['without objects', (path) => rm(join(path, 'objects'), { recursive: true })],
    ['with a broken index', (path) => writeFile(join(path, 'index'), 'DIRC is not')],
    [
      'with an index that is a directory',
      (path) => rm(join(path, 'index')).then(() => mkdir(join(path, 'index'))),
    ],
    ['locked by a git that was killed', (path) => writeFile(join(path, 'index.lock'), '')],
    ['with a HEAD that is none', (path) => writeFile(join(path, 'HEAD'), 'x')],
    ['with a config of the tenant’s', (path) => writeFile(join(path, 'config'), '[core]\nbare = true\n[')],
    [
      'with refs that are a file',
      (path) => rm(join(path, 'refs'), { recursive: true }).then(() => writeFile(join(path, 'refs'), 'x')),
    ],
  ])('is made in a repository that is %s', async (_name, damage) => {
    await using it = await prepare({ 'a.txt': 'a', 'b/c.txt': 'c' });
    await it.take();
    await damage(it.repository);
    const commit = await it.take('T2');
    await writeFiles(it.app, { 'a.txt': 'changed' });
    expect((await it.compare(commit)).files).toEqual(['a.txt']);
    await it.restore(commit);
    expect(await readFile(join(it.app, 'a.txt'), 'utf8')).toBe('a');
  });

  test('is dropped with its task, and what only it held', async () => {
    await using it = await prepare({ 'a.txt': 'only in the first' });
    await it.take('T1');
    await writeFiles(it.app, { 'a.txt': 'in both' });
    await it.take('T2');
    const second = await it.take('T3');
    await it.checkpoints.keep(new Set(['T3']), signal);
    await it.checkpoints.prune(signal);
    expect(await it.checkpoints.find('T1', signal)).toBeUndefined();
    expect(await it.checkpoints.find('T3', signal)).toBe(second);
    const count = await run('git', ['--git-dir', it.repository, 'count-objects']);
    // One commit, one directory, one file.
    expect(count.stdout).toContain('3 objects');
    await writeFiles(it.app, { 'a.txt': 'changed' });
    expect((await it.restore(second)).changed.files).toEqual(['a.txt']);
  });

  test('that fails because of what the app does meanwhile costs no earlier one', async () => {
    await using bin = await temporaryDirectory();
    // A file that is cut short while git has it in its memory, say.
    const crash = 'touch "$GIT_DIR/index.lock"; kill -BUS $$';
    await using it = await prepare({ a: '1' }, await oddGit(bin.path, 'update-index', crash));
    await rm(join(bin.path, 'odd'));
    const first = await it.take('T1');
    await writeFiles(bin.path, { odd: '' });
    await expect(it.take('T2')).rejects.toThrow('135');
    await rm(join(bin.path, 'odd'));
    expect(await it.checkpoints.find('T1', signal)).toBe(first);
    await expect(it.take('T3')).resolves.toMatch(/^[0-9a-f]{40}$/);
  });

  test('is made at the next attempt when git dies at one', async () => {
    await using bin = await temporaryDirectory();
    const crash = `touch "$GIT_DIR/index.lock"; rm ${bin.path}/odd; kill -KILL $$`;
    await using it = await prepare({ a: '1' }, await oddGit(bin.path, 'update-index', crash));
    await expect(it.take('T1')).resolves.toMatch(/^[0-9a-f]{40}$/);
    await writeFiles(bin.path, { odd: '' });
    await expect(it.take('T2')).resolves.toMatch(/^[0-9a-f]{40}$/);
    expect(await it.checkpoints.find('T1', signal)).toBeDefined();
  });

  test('does not wait for what has been put in the place of git’s own files', async () => {
    await using it = await prepare({ a: '1' });
    const first = await it.take('T1');
    for (const name of ['index', 'packed-refs']) {
      await rm(join(it.repository, name), { force: true });
      await run('mkfifo', [join(it.repository, name)]);
    }
    await writeFiles(it.app, { a: '2' });
    expect((await it.compare(first)).files).toEqual(['a']);
    await it.take('T2');
  });

  test('is pruned another time when somebody is in a hurry', async () => {
    await using bin = await temporaryDirectory();
    await using it = await prepare({ 'a.txt': 'a' }, await oddGit(bin.path, 'prune'));
    await it.take('T1');
    await it.checkpoints.keep(new Set(), signal);
    const hurry = new AbortController();
    const pruning = it.checkpoints.prune(hurry.signal);
    await until(() => existsSync(join(bin.path, 'seen')));
    const next = it.take('T2');
    hurry.abort();
    await pruning;
    await next;
    await it.checkpoints.keep(new Set(['T2']), signal);
    await rm(join(bin.path, 'odd'));
    await it.checkpoints.prune(signal);
    const count = await run('git', ['--git-dir', it.repository, 'count-objects']);
    expect(count.stdout).toContain('3 objects');
    expect(it.log).toEqual([]);
  });

  test('waits for nobody when it is called off', async () => {
    await using bin = await temporaryDirectory();
    await using it = await prepare({ a: '1' }, await oddGit(bin.path, 'commit-tree'));
    const first = new AbortController();
    const hung = it.checkpoints.take('T1', first.signal);
    await until(() => existsSync(join(bin.path, 'seen')));
    const off = new AbortController();
    const waiting = it.checkpoints.take('T2', off.signal);
    off.abort();
    await expect(waiting).rejects.toThrow('aborted');
    first.abort();
    await expect(hung).rejects.toThrow('called off');
    await rm(join(bin.path, 'odd'));
    await expect(it.take('T3')).resolves.toMatch(/^[0-9a-f]{40}$/);
  });

  test('that is not wanted any more is given up', async () => {
    await using it = await prepare({ 'a.txt': 'a' });
    await expect(it.checkpoints.take('T1', AbortSignal.abort())).rejects.toThrow('aborted');
    await it.take('T2');
  });
});

/** A name of one to a few bytes, as hostile as the file system allows. */
const byteName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom(
      '-rf',
      '--',
      '-',
      ' ',
      '\n',
      'a\nb',
      '"',
      '\\',
      '*',
      '?',
      ':(glob)',
      '.gitignore',
      '.GIT',
      '!x',
      '#x',
      '\xff\xfe',
      '~',
      'CON',
      'git~1',
      'a b',
      '\t',
    ),
  )
  .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..');
const fileKind = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    content: fc.string({ maxLength: 20 }),
    mode: fc.constantFrom(0o644, 0o755),
  }),
  fc.record({
    kind: fc.constant('symlink' as const),
    target: fc.constantFrom('/etc', '..', 'a', '/nonexistent/x'),
  }),
  fc.constant({ kind: 'directory' as const }),
);
const tree = fc.array(fc.tuple(fc.array(byteName, { minLength: 1, maxLength: 3 }), fileKind), {
  maxLength: 12,
});
type Tree = typeof tree extends fc.Arbitrary<infer T> ? T : never;

/** Puts a tree there as far as its parts go together; what is there of another kind makes way now and then. */
async function plant(app: string, parts: Tree): Promise<void> {
  for (const [names, what] of parts) {
    const at = (depth: number) => Buffer.from(`${app}/${names.slice(0, depth).join('/')}`, 'latin1');
    const path = at(names.length);
    try {
      for (let depth = 1; depth < names.length; depth += 1) {
        const found = await lstat(at(depth)).catch(() => undefined);
        if (found !== undefined && !found.isDirectory()) await rm(at(depth));
      }
      await mkdir(at(names.length - 1), { recursive: true });
      await rm(path, { recursive: true, force: true });
      if (what.kind === 'file') await writeFile(path, what.content, { mode: what.mode });
      else if (what.kind === 'symlink') await symlink(what.target, path);
      else await mkdir(path);
    } catch (error) {
      // A name that is too long once it is bytes, or a parent that is in the way.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}

/** Without the files in whose place a directory stays, for the sake of something in it that no checkpoint holds. */
async function unblocked<T>(app: string, tree: Record<string, T>): Promise<Record<string, T>> {
  const free = await Promise.all(
    Object.keys(tree).map(async (path) => {
      const found = await lstat(Buffer.from(`${app}/${path}`, 'latin1')).catch(() => undefined);
      return found?.isDirectory() !== true;
    }),
  );
  return Object.fromEntries(Object.entries(tree).filter((_, index) => free[index]));
}

test('whatever a tree is and becomes, a revert brings it back, and its own revert the other', async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, async (first, second) => {
      await using it = await prepare();
      await plant(it.app, first);
      const before = await savable(it.app);
      const commit = await it.take();
      await plant(it.app, second);
      const after = await savable(it.app);
      const { saved } = await it.restore(commit);
      expect(await savable(it.app)).toEqual(await unblocked(it.app, before));
      await it.restore(saved);
      expect(await savable(it.app)).toEqual(await unblocked(it.app, after));
    }),
    { numRuns: 12 },
  );
}, 180_000);

const isOwn = (name: string) => name.split('/').some((part) => part.toLowerCase() === '.git');

/** What git would take for its own is left alone. */
async function savable(app: string): Promise<Record<string, string>> {
  const contents = await contentsOf(app);
  return Object.fromEntries(Object.entries(contents).filter(([name]) => !isOwn(name)));
}

describe('a comparison', () => {
  test('names what was added, changed and removed, and shows it', async () => {
    await using it = await prepare({
      'a.txt': 'one\ntwo\n',
      'gone.txt': 'x\n',
      'same.txt': 's\n',
      'ü.txt': 'u\n',
    });
    await writeFile(join(it.app, 'picture.png'), Buffer.from([0, 1, 2, 255]));
    const commit = await it.take();
    await writeFiles(it.app, { 'a.txt': 'one\n2\n', 'added/b.txt': 'b\n', 'ü.txt': 'U\n' });
    await writeFile(join(it.app, 'picture.png'), Buffer.from([0, 1, 3, 255]));
    await rm(join(it.app, 'gone.txt'));
    const { files, isTruncated, diff } = await it.compare(commit);
    expect(files).toEqual(['a.txt', 'added/b.txt', 'gone.txt', 'picture.png', 'ü.txt']);
    expect(isTruncated).toBe(false);
    const text = diff.toString('utf8');
    expect(text).toContain('--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n');
    expect(text).toContain('Binary files a/picture.png and b/picture.png differ');
    expect(text).toContain('+++ b/ü.txt');
    expect(text).not.toContain('same.txt');
  });

  test('is shown also where the app says that nothing is text', async () => {
    await using it = await prepare({ '.gitattributes': '* binary diff=none\n', 'a.txt': 'one\n' });
    const commit = await it.take();
    await writeFiles(it.app, { 'a.txt': 'two\n' });
    expect((await it.compare(commit)).diff.toString('utf8')).toContain('-one\n+two\n');
  });

  test('of more than can be told says so', async () => {
    await using it = await prepare();
    const commit = await it.take();
    const many = Array.from({ length: 1001 }, (_, index) => [`many/${index}`, 'x\n']);
    await writeFiles(it.app, { ...Object.fromEntries(many), 'long.txt': 'a line\n'.repeat(400_000) });
    const { files, isTruncated, diff } = await it.compare(commit);
    expect(files).toHaveLength(1000);
    expect(isTruncated).toBe(true);
    expect(diff.length).toBeLessThanOrEqual(MAX_TASK_DIFF_BYTES);
    expect(diff.toString('utf8').trimEnd().split('\n').at(-1)).toMatch(/left out/);
  });
});

describe('a revert', () => {
  test('touches only what differs', async () => {
    await using it = await prepare({ 'a.txt': 'a', 'b.txt': 'b' });
    const commit = await it.take();
    await writeFiles(it.app, { 'a.txt': 'changed' });
    const { ino, mtimeNs } = await stat(join(it.app, 'b.txt'), { bigint: true });
    await it.restore(commit);
    expect(await stat(join(it.app, 'b.txt'), { bigint: true })).toMatchObject({ ino, mtimeNs });
  });

  test('does not write through a symlink that has taken a directory’s place', async () => {
    await using outside = await temporaryDirectory();
    await using it = await prepare({ 'src/a.txt': 'a' });
    const commit = await it.take();
    await rm(join(it.app, 'src'), { recursive: true });
    await symlink(outside.path, join(it.app, 'src'));
    await writeFile(join(outside.path, 'a.txt'), 'mine');
    await it.restore(commit);
    expect(await readFile(join(outside.path, 'a.txt'), 'utf8')).toBe('mine');
    expect((await lstat(join(it.app, 'src'))).isDirectory()).toBe(true);
  });

  test('loses nothing that no checkpoint holds: a large file, or a generated directory, in the place of a file', async () => {
    await using it = await prepare({
      'a.txt': 'a',
      grows: 'small',
      dist: 'a file',
      'up/x': 'x',
      under: 'file',
    });
    const commit = await it.take();
    await truncate(join(it.app, 'grows'), MAX_CHECKPOINT_FILE + 1);
    await rm(join(it.app, 'dist'));
    await rm(join(it.app, 'under'));
    await rm(join(it.app, 'up'), { recursive: true });
    await writeFiles(it.app, { 'a.txt': 'b', 'dist/out.js': 'out', 'under/node_modules/x.js': 'x', up: '' });
    await truncate(join(it.app, 'up'), MAX_CHECKPOINT_FILE + 1);
    const { changed } = await it.restore(commit);
    expect(changed.files).toEqual(['a.txt']);
    expect((await stat(join(it.app, 'grows'))).size).toBe(MAX_CHECKPOINT_FILE + 1);
    expect((await stat(join(it.app, 'up'))).size).toBe(MAX_CHECKPOINT_FILE + 1);
    expect(await readFile(join(it.app, 'dist/out.js'), 'utf8')).toBe('out');
    expect(await readFile(join(it.app, 'under/node_modules/x.js'), 'utf8')).toBe('x');
  });
});
