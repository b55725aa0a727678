import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ArchiveOptions } from '../domain/workspace.ts';
import { archiveTree } from './archive-tree.ts';
import type { TreeFacts } from './protocol.ts';

const run = promisify(execFile);

/** A tree to be archived, and a place beside it. */
class Trees implements AsyncDisposable {
  readonly root: string;
  readonly home: string;

  private constructor(root: string) {
    this.root = root;
    this.home = join(root, 'home');
  }

  static async make(): Promise<Trees> {
    const trees = new Trees(await mkdtemp(join(tmpdir(), 'sandboxd-archive-')));
    await mkdir(trees.home);
    return trees;
  }

  [Symbol.asyncDispose](): Promise<unknown> {
    // Deeper than any path that Node could name.
    return run('rm', ['-rf', '--', this.root]);
  }

  /** Archives the tree, as it is or while it is in use. */
  async archive({ layers = [], ...options }: Options = {}): Promise<TreeFacts> {
    const roots = [this.home, ...layers];
    const scope = options.scope ?? 'snapshot';
    const directory = join(this.root, 'staging');
    if (options.freeze !== undefined) await mkdir(directory);
    const staging = options.freeze && { directory, syncedAt: options.syncedAt ?? Date.now() };
    await using archive = await archiveTree({ roots, scope, ...(staging && { staging }) }, options);
    const file = createWriteStream(this.file);
    for (let next = await archive.bytes.next(); next.done !== true; next = await archive.bytes.next()) {
      if (!file.write(next.value)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
    return archive.facts();
  }

  /** What the system's own tar makes of the archive. */
  async unpacked(): Promise<string> {
    const to = join(this.root, 'unpacked');
    await mkdir(to);
    await run('tar', ['--zstd', '-xpf', this.file, '-C', to]);
    return to;
  }

  /** `tar -tv`, one line each. */
  async listed(): Promise<string[]> {
    const args = ['--zstd', '--numeric-owner', '-tvf', this.file];
    const { stdout } = await run('tar', args, { maxBuffer: 2 ** 28 });
    return stdout.split('\n').slice(0, -1);
  }

  async names(): Promise<string[]> {
    const { stdout } = await run('tar', ['--zstd', '-tf', this.file], { maxBuffer: 2 ** 28 });
    return stdout.split('\n').slice(0, -1);
  }

  get file(): string {
    return join(this.root, 'archive.tar.zst');
  }
}

interface Options extends Partial<ArchiveOptions> {
  readonly layers?: readonly string[];
  readonly syncedAt?: number;
}

/** Runs in the tree, whose names need not be text. */
const shell = (script: string, cwd: string) => run('sh', ['-ec', script], { cwd });

/** What cannot be compressed. */
const random = (file: string, bytes: number) => writeFile(file, randomBytes(bytes));

/** Lets the tenant do something between the two passes. */
const after =
  (change: () => Promise<unknown>): NonNullable<ArchiveOptions['freeze']> =>
  async (work) => {
    await change();
    return work();
  };

describe('the archive of a tree', () => {
  it('unpacks to the same contents, modes, times and links, and belongs to the sandbox user', async () => {
    await using trees = await Trees.make();
    const { home } = trees;
    await mkdir(join(home, 'src'), { mode: 0o750 });
    await writeFile(join(home, 'src/main.js'), 'main');
    await chmod(join(home, 'src/main.js'), 0o640);
    await writeFile(join(home, 'run.sh'), '#!/bin/sh', { mode: 0o755 });
    await writeFile(join(home, 'empty'), '');
    await link(join(home, 'src/main.js'), join(home, 'zz-same'));
    await symlink('/etc/passwd', join(home, 'passwd'));
    await symlink('src', join(home, 'dir-link'));
    await utimes(join(home, 'src/main.js'), 1_500_000_000, 1_500_000_000);
    await utimes(join(home, 'src'), 1_400_000_000, 1_400_000_000);

    const facts = await trees.archive();
    expect(facts).toMatchObject({ fileCount: 4, entryCount: 7, contentBytes: 13, warnings: [] });
    const bytes = await readFile(trees.file);
    expect(facts.sizeBytes).toBe(bytes.byteLength);
    expect(facts.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));

    for (const line of await trees.listed()) expect(line).toContain(' 1000/1000 ');
    const to = await trees.unpacked();
    expect(await readFile(join(to, 'src/main.js'), 'utf8')).toBe('main');
    expect(await readFile(join(to, 'run.sh'), 'utf8')).toBe('#!/bin/sh');
    expect(await stat(join(to, 'src/main.js'))).toMatchObject({ mode: 0o100640, mtimeMs: 1.5e12, nlink: 2 });
    expect((await stat(join(to, 'zz-same'))).ino).toBe((await stat(join(to, 'src/main.js'))).ino);
    expect(await stat(join(to, 'src'))).toMatchObject({ mode: 0o40750, mtimeMs: 1.4e12 });
    expect((await stat(join(to, 'run.sh'))).mode).toBe(0o100755);
    expect(await readlink(join(to, 'passwd'))).toBe('/etc/passwd');
    expect(await readlink(join(to, 'dir-link'))).toBe('src');
  });

  it('is the same, byte for byte, of the same tree', async () => {
    await using trees = await Trees.make();
    for (const name of ['b', 'a', 'ä', 'B', 'a-']) await writeFile(join(trees.home, name), name);
    const { sha256 } = await trees.archive();
    expect((await trees.archive()).sha256).toBe(sha256);
    expect(await trees.names()).toEqual(['B', 'a', 'a-', 'b', 'ä']);
  });

  it('has names of any bytes and any length', async () => {
    await using trees = await Trees.make();
    const long = 'n'.repeat(255);
    await shell(
      `printf x > "$(printf 'caf\\351\\377')"; printf y > "$(printf 'new\\nline')"; printf z > ${long}
       ln -s ${'t'.repeat(300)} link; mkdir -p ${long}-/x; printf p > ${long.slice(1)}-/x/file`.replaceAll(
        `${long}-`,
        `${long.slice(1)}-`,
      ),
      trees.home,
    );
    expect(await trees.archive()).toMatchObject({ fileCount: 4, entryCount: 7, warnings: [] });
    const to = await trees.unpacked();
    const names = await readdir(to, { encoding: 'buffer' });
    expect(names.map((name) => name.toString('latin1')).toSorted()).toEqual(
      ['caf\xe9\xff', 'link', long, `${long.slice(1)}-`, 'new\nline'].toSorted(),
    );
    expect(await readlink(join(to, 'link'))).toBe('t'.repeat(300));
    expect(await readFile(join(to, `${long.slice(1)}-/x/file`), 'utf8')).toBe('p');
  });

  it('has paths longer than any path may be', async () => {
    await using trees = await Trees.make();
    const name = 'd'.repeat(200);
    await shell(
      `for i in $(seq 60); do mkdir ${name}; cd -P ${name}; printf deep > file; mkdir zz; done`,
      trees.home,
    );
    expect(await trees.archive()).toMatchObject({ fileCount: 60, entryCount: 180, warnings: [] });
    const names = await trees.names();
    expect(names).toContain(`${`${name}/`.repeat(60)}file`);
    expect(names).toHaveLength(180);
  });

  it('leaves out directories whose path is longer than an archive repeats, and says so', async () => {
    await using trees = await Trees.make();
    await shell(`d=${'d'.repeat(250)}; for i in $(seq 80); do mkdir $d; cd -P $d; done`, trees.home);
    const facts = await trees.archive();
    expect(facts.warnings).toEqual(['1 directory was left out: its path is too long']);
    expect(facts.entryCount).toBe(65);
  });

  it('has neither devices, pipes, sockets nor set-id bits, and says so; whiteouts are no loss', async () => {
    await using trees = await Trees.make();
    const { home } = trees;
    await shell(
      `mknod zero c 1 5; mknod disk b 7 99; mkfifo pipe; mknod whiteout c 0 0
       printf x > suid; chmod 4755 suid; printf x > sgid; chmod 2755 sgid; mkdir sticky; chmod 1777 sticky`,
      home,
    );
    const server = createServer().listen(join(home, 'socket'));
    await once(server, 'listening');
    const facts = await trees.archive().finally(() => server.close());
    expect(facts.warnings).toEqual([
      '2 devices were left out',
      '1 named pipe was left out',
      '1 socket was left out',
      '2 entries lost their set-id bits',
    ]);
    expect(await trees.names()).toEqual(['sgid', 'sticky/', 'suid']);
    const to = await trees.unpacked();
    expect((await stat(join(to, 'suid'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(to, 'sticky'))).mode & 0o7777).toBe(0o777);
  });

  it('costs no more for a sparse file than it holds', async () => {
    await using trees = await Trees.make();
    const size = 10 * 1024 ** 3;
    const path = join(trees.home, `${'s'.repeat(120)}.img`);
    const file = await open(path, 'w');
    await file.write('begin', 0);
    await file.write('middle', 5 * 1024 ** 3 + 1234);
    await file.truncate(size);
    await file.close();
    const facts = await trees.archive();
    expect(facts).toMatchObject({ contentBytes: size, fileCount: 1, warnings: [] });
    expect(facts.sizeBytes).toBeLessThan(10_000);
    const unpacked = join(await trees.unpacked(), `${'s'.repeat(120)}.img`);
    const found = await stat(unpacked);
    expect(found.size).toBe(size);
    expect(found.blocks * 512).toBeLessThan(1024 ** 2);
    await using copy = await open(unpacked);
    const part = Buffer.alloc(6);
    await copy.read(part, 0, 6, 5 * 1024 ** 3 + 1234);
    expect(part.toString()).toBe('middle');
  });

  it('refuses more than an archive may hold before it looks through it', async () => {
    await using trees = await Trees.make();
    await writeFile(join(trees.home, 'huge'), '');
    await truncate(join(trees.home, 'huge'), 65 * 1024 ** 3);
    const attempt = trees.archive();
    await expect(attempt).rejects.toMatchObject({ code: 'payload_too_large', message: /64 GiB/ });
  });

  it('copes with 50 000 files', async () => {
    await using trees = await Trees.make();
    await shell(
      'for d in $(seq 50); do mkdir $d; seq -f $d/%g 1000 | xargs touch; printf $d > $d/1; done',
      trees.home,
    );
    const progress: number[] = [];
    const facts = await trees.archive({ onProgress: ({ files }) => progress.push(files) });
    expect(facts).toMatchObject({ fileCount: 50_000, entryCount: 50_050, warnings: [] });
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await trees.names()).toHaveLength(50_050);
    // To make them takes a busy disk its time.
  }, 300_000);

  it.each(['sha1', 'sha256'])(
    'makes a repository of %s nobody’s, and leaves out the generated',
    async (format) => {
      await using trees = await Trees.make();
      await shell(
        `mkdir -p app/node_modules/x .runtimed/tasks .npm/_cacache; printf x > app/node_modules/x/y
       printf x > .runtimed/tasks/t; printf x > .runtimed/boot.json; printf x > .npm/_cacache/z
       cd app; git init -q --object-format=${format} .; git config user.email a@b.example; git config user.name a
       git remote add origin https://someone:token-not-real@git.example/x.git
       git config core.fsmonitor /bin/evil; printf hi > file; git add file; git commit -qm first
       git update-ref refs/remotes/origin/main HEAD; git pack-refs --all; git tag later
       ln .git/config same-as-config; printf '#!/bin/sh' > .git/hooks/pre-commit`,
        trees.home,
      );
      await trees.archive();
      const names = await trees.names();
      expect(names.filter((name) => /node_modules|_cacache|tasks|hooks|remotes/.test(name))).toEqual([]);
      expect(names).toContain('.runtimed/boot.json');
      const to = join(await trees.unpacked(), 'app');
      expect(await readFile(join(to, '.git/config'), 'utf8')).not.toMatch(/remote|fsmonitor|token|user/);
      expect(await readFile(join(to, '.git/packed-refs'), 'utf8')).not.toContain('remotes');
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'safe.directory=*', '-C', to, ...args], { encoding: 'utf8' });
      expect(git('log', '--format=%s')).toBe('first\n');
      expect(git('status', '--porcelain')).toBe('?? same-as-config\n');
      expect(git('fsck')).toBe('');
    },
  );
});

describe('the archive of an overlay', () => {
  /** Mounts it, lets a script change it, and archives the layers. */
  async function changed(trees: Trees, script: string): Promise<TreeFacts> {
    const [lower, work, point] = ['lower', 'work', 'mounted'].map((name) => join(trees.root, name));
    for (const directory of [work, point]) await mkdir(directory!);
    const options = `lowerdir=${lower},upperdir=${trees.home},workdir=${work}`;
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, point!]);
    try {
      await shell(script, point!);
    } finally {
      await run('umount', [point!]);
    }
    return trees.archive({ layers: [lower!] });
  }

  it('has what its layers show together, and nothing that was deleted', async () => {
    await using trees = await Trees.make();
    await shell(
      `mkdir -p lower/app/node_modules lower/app/remade lower/app/whole lower/turned lower/kept/deep
       for f in app/node_modules/x app/remade/old app/whole/a app/deleted turned/x kept/deep/file; do printf lower > lower/$f; done`,
      trees.root,
    );
    await changed(
      trees,
      `rm app/deleted; rm -r app/remade; mkdir app/remade; printf new > app/remade/new
       rm -r turned; printf file > turned; printf upper > app/whole/b; printf upper > kept/deep/other`,
    );
    const files = (await trees.names()).filter((name) => !name.endsWith('/'));
    expect(files).toEqual([
      'app/remade/new',
      'app/whole/a',
      'app/whole/b',
      'kept/deep/file',
      'kept/deep/other',
      'turned',
    ]);
    expect(await readFile(join(await trees.unpacked(), 'app/whole/a'), 'utf8')).toBe('lower');
  });

  it('of prepared dependencies alone is that of the upper', async () => {
    await using trees = await Trees.make();
    await shell('mkdir -p lower/app/node_modules; printf x > lower/app/node_modules/x', trees.root);
    await changed(trees, 'printf mine > app/file; rm app/node_modules/x');
    expect(await trees.names()).toEqual(['app/', 'app/file']);
  });
});

describe('the archive of a tree in use', () => {
  it('is of the moment when the tree stood still', async () => {
    await using trees = await Trees.make();
    const { home } = trees;
    await shell(
      `mkdir -p dir/below gone/below; for f in same grows shrinks rewritten deleted becomes-dir dir/below/f gone/below/f
       do printf old-content > $f; done; ln same linked; ln -s same link`,
      home,
    );
    const freeze = after(async () => {
      await appendFile(join(home, 'grows'), '-and-more');
      await truncate(join(home, 'shrinks'), 3);
      await writeFile(join(home, 'rewritten'), 'new-content');
      await shell(
        `rm -r deleted gone becomes-dir; mkdir becomes-dir; printf x > becomes-dir/x; ln -sfn grows link
         mv dir/below/f dir/moved; printf new > gone; printf added > added; chmod 600 same`,
        home,
      );
    });
    const facts = await trees.archive({ freeze });
    expect(facts).toMatchObject({ warnings: [], fileCount: 9 });
    const to = await trees.unpacked();
    await run('diff', ['-r', '--no-dereference', home, to]);
    expect((await stat(join(to, 'same'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(to, 'linked'))).ino).toBe((await stat(join(to, 'same'))).ino);
    expect((await lstat(join(to, 'grows'))).mtimeMs).toBe(
      Math.trunc((await stat(join(home, 'grows'))).mtimeMs / 1000) * 1000,
    );
  });

  it('copies again only what may have changed', async () => {
    await using trees = await Trees.make();
    const { home } = trees;
    for (const name of ['a', 'b', 'c']) await writeFile(join(home, name), name);
    const staged = () => readdir(join(trees.root, 'staging'));
    let before: string[] = [];
    // Everything is older than this, by more than any clock's tick.
    const syncedAt = Date.now() + 60_000;
    const freeze = after(async () => {
      before = await staged();
      await writeFile(join(home, 'b'), 'B');
    });
    await trees.archive({ freeze, syncedAt });
    expect(before).toHaveLength(3);
    expect(await staged()).toHaveLength(4);
    expect(await readFile(join(await trees.unpacked(), 'b'), 'utf8')).toBe('B');
  });

  it('does not take a file for unchanged that was written to about when it was copied', async () => {
    await using trees = await Trees.make();
    await writeFile(join(trees.home, 'fresh'), 'x');
    await trees.archive({ freeze: (work) => work() });
    expect(await readdir(join(trees.root, 'staging'))).toHaveLength(2);
  });

  it('keeps sparse files sparse where they are set aside', async () => {
    await using trees = await Trees.make();
    await writeFile(join(trees.home, 'sparse'), 'begin');
    await truncate(join(trees.home, 'sparse'), 10 * 1024 ** 3);
    const facts = await trees.archive({ freeze: (work) => work() });
    expect(facts.contentBytes).toBe(10 * 1024 ** 3);
    for (const name of await readdir(join(trees.root, 'staging'))) {
      expect((await stat(join(trees.root, 'staging', name))).blocks).toBeLessThan(64);
    }
    expect((await stat(join(await trees.unpacked(), 'sparse'))).size).toBe(10 * 1024 ** 3);
  });

  it('never leads out of it, whatever directory is swapped for a symlink meanwhile', async () => {
    await using trees = await Trees.make();
    const { home, root } = trees;
    await shell('mkdir outside; printf secret > outside/secret; printf x > outside/file', root);
    await shell(`mkdir d; for i in $(seq 300); do printf x > d/$i; done; printf inside > d/file`, home);
    const swaps = `i=0; while [ $i -lt 300 ]; do mv d e; ln -s ${root}/outside d; rm d; mv e d; i=$((i+1)); done`;
    const tenant = shell(swaps, home);
    for (let round = 0; round < 5; round += 1) {
      await trees.archive({ freeze: (work) => work() });
      await rm(join(root, 'staging'), { recursive: true });
      expect((await trees.names()).filter((name) => name.endsWith('secret'))).toEqual([]);
    }
    await tenant;
  });

  it('goes on when its writing never ends', async () => {
    await using trees = await Trees.make();
    const file = join(trees.home, 'log');
    await writeFile(file, 'x'.repeat(1000));
    const writer = await open(file, 'a');
    let isDone = false;
    const writing = (async () => {
      while (!isDone) await writer.write('y'.repeat(1000));
    })();
    const facts = await trees.archive({ freeze: (work) => work() }).finally(() => (isDone = true));
    await writing;
    await writer.close();
    expect(facts.fileCount).toBe(1);
    expect((await stat(join(await trees.unpacked(), 'log'))).size).toBe(facts.contentBytes);
  });

  it('tells of a full disk, and stands still no longer', async () => {
    await using trees = await Trees.make();
    await writeFile(join(trees.home, 'big'), Buffer.alloc(3 * 1024 ** 2, 1));
    const staging = join(trees.root, 'small');
    await mkdir(staging);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', staging]);
    try {
      const attempt = archiveTree(
        { roots: [trees.home], scope: 'snapshot', staging: { directory: staging, syncedAt: 0 } },
        { freeze: (work) => work() },
      );
      await expect(attempt).rejects.toMatchObject({ code: 'ENOSPC' });
    } finally {
      await run('umount', [staging]);
    }
  });
});

describe('the archive of a tree that is not at rest, against its promise', () => {
  const size = 8 * 1024 ** 2;
  it.each([
    ['shrinks', (file: string) => truncate(file, size - 1000)],
    ['grows', (file: string) => appendFile(file, 'more')],
  ])('has exactly what was announced of a file that %s, and says so', async (_how, change) => {
    await using trees = await Trees.make();
    // Much more than is on its way before anybody reads.
    for (const name of ['a', 'b', 'c']) await random(join(trees.home, name), size);
    await using archive = await archiveTree({ roots: [trees.home], scope: 'snapshot' });
    const chunks = [(await archive.bytes.next()).value as Uint8Array];
    await change(join(trees.home, 'a'));
    await unlink(join(trees.home, 'b'));
    await rename(join(trees.home, 'c'), join(trees.home, 'd'));
    for (let next = await archive.bytes.next(); next.done !== true; next = await archive.bytes.next()) {
      chunks.push(next.value);
    }
    await writeFile(trees.file, Buffer.concat(chunks));
    expect(archive.facts()).toMatchObject({
      warnings: ['1 file changed while it was read', '2 entries vanished while they were read'],
      contentBytes: size,
    });
    expect((await trees.listed()).map((line) => line.split(/ +/)[2])).toEqual([String(size)]);
  });
});

describe('an archive nobody wants any more', () => {
  const startedWith = async (options: Omit<ArchiveOptions, 'scope'>) => {
    const trees = await Trees.make();
    await random(join(trees.home, 'a'), 64 * 1024 ** 2);
    const archive = await archiveTree({ roots: [trees.home], scope: 'snapshot' }, options);
    return { archive, [Symbol.asyncDispose]: () => trees[Symbol.asyncDispose]() };
  };
  const readAll = async (bytes: AsyncIterator<Uint8Array>) => {
    while ((await bytes.next()).done !== true);
  };

  it('ends with the signal’s reason', async () => {
    const signal = new AbortController();
    await using started = await startedWith({ signal: signal.signal });
    await started.archive.bytes.next();
    signal.abort(new Error('not wanted any more'));
    await expect(readAll(started.archive.bytes)).rejects.toThrow('not wanted any more');
    await started.archive[Symbol.asyncDispose]();
  });

  it('is an error to whoever still reads it', async () => {
    await using started = await startedWith({});
    await started.archive.bytes.next();
    await started.archive[Symbol.asyncDispose]();
    await expect(readAll(started.archive.bytes)).rejects.toThrow('before its time');
    expect(() => started.archive.facts()).toThrow('not come to its end');
  });
});
