import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchivedTree, run, shell } from '../../tests/harness/archived-tree.ts';
import type { ArchiveOptions } from '../domain/workspace.ts';
import { archiveTree } from './archive-tree.ts';
import { smallDisk } from '../../tests/harness/small-disk.ts';

/** What cannot be compressed. */
const random = (file: string, bytes: number) => writeFile(file, randomBytes(bytes));

/** Lets the tenant do something between the two passes. */
const after =
  (change: () => Promise<unknown>): NonNullable<ArchiveOptions['freeze']> =>
  async (work) => {
    await change();
    return work();
  };

/** F_SETLEASE with F_WRLCK, of a program that does not give it up when it is asked to. */
const LEASE = `open F, "+<", $ARGV[0]; $SIG{IO} = "IGNORE"; fcntl(F, 1024, 1) or die $!; syswrite STDOUT, "held"; <STDIN>`;

async function leaseOn(file: string): Promise<AsyncDisposable> {
  const holder = spawn('perl', ['-e', LEASE, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  return {
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

describe('the archive of a tree in use', () => {
  it('is of the moment when the tree stood still', async () => {
    await using tree = await ArchivedTree.make();
    const { home } = tree;
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
    const facts = await tree.archive({ freeze });
    expect(facts).toMatchObject({ warnings: [], fileCount: 9 });
    const to = await tree.unpacked();
    await run('diff', ['-r', '--no-dereference', home, to]);
    expect((await stat(join(to, 'same'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(to, 'linked'))).ino).toBe((await stat(join(to, 'same'))).ino);
    expect((await lstat(join(to, 'grows'))).mtimeMs).toBe(
      Math.trunc((await stat(join(home, 'grows'))).mtimeMs / 1000) * 1000,
    );
  });

  it('copies again only what may have changed', async () => {
    await using tree = await ArchivedTree.make();
    const { home } = tree;
    for (const name of ['a', 'b', 'c']) await writeFile(join(home, name), name);
    const staged = () => readdir(join(tree.root, 'staging'));
    let before: string[] = [];
    // Everything is older than this, by more than any clock's tick.
    const syncedAt = Date.now() + 60_000;
    const freeze = after(async () => {
      before = await staged();
      await writeFile(join(home, 'b'), 'B');
    });
    await tree.archive({ freeze, syncedAt });
    expect(before).toHaveLength(3);
    const again = await staged();
    expect(again).toHaveLength(3);
    expect(again.filter((name) => !before.includes(name))).toHaveLength(1);
    expect(await readFile(join(await tree.unpacked(), 'b'), 'utf8')).toBe('B');
  });

  it('does not take a file for unchanged that was written to about when it was copied', async () => {
    await using tree = await ArchivedTree.make();
    // Taken before it is written: however long that takes, it is no older.
    const syncedAt = Date.now();
    await writeFile(join(tree.home, 'fresh'), 'x');
    let first: string[] = [];
    const freeze = after(async () => {
      first = await readdir(join(tree.root, 'staging'));
    });
    await tree.archive({ freeze, syncedAt });
    const last = await readdir(join(tree.root, 'staging'));
    expect([first.length, last.length]).toEqual([1, 1]);
    expect(last).not.toEqual(first);
  });

  it('keeps sparse files sparse where they are set aside', async () => {
    await using tree = await ArchivedTree.make();
    await writeFile(join(tree.home, 'sparse'), 'begin');
    await truncate(join(tree.home, 'sparse'), 10 * 1024 ** 3);
    const facts = await tree.archive({ freeze: (work) => work() });
    expect(facts.contentBytes).toBeLessThan(1024 ** 2);
    for (const name of await readdir(join(tree.root, 'staging'))) {
      expect((await stat(join(tree.root, 'staging', name))).blocks).toBeLessThan(64);
    }
    expect((await stat(join(await tree.unpacked(), 'sparse'))).size).toBe(10 * 1024 ** 3);
  });

  it('never leads out of it, whatever directory is swapped for a symlink meanwhile', async () => {
    await using tree = await ArchivedTree.make();
    const { home, root } = tree;
    await shell('mkdir outside; printf secret > outside/secret; printf x > outside/file', root);
    await shell(`mkdir d; for i in $(seq 300); do printf x > d/$i; done; printf inside > d/file`, home);
    const swaps = `for (let i = 0; i < 3000; i += 1) {
      fs.renameSync('d', 'e'); fs.symlinkSync('${root}/outside', 'd'); fs.unlinkSync('d'); fs.renameSync('e', 'd');
    }`;
    const tenant = run(process.execPath, ['-e', swaps], { cwd: home });
    for (let round = 0; round < 5; round += 1) {
      await tree.archive({ freeze: (work) => work() });
      await rm(join(root, 'staging'), { recursive: true });
      expect((await tree.names()).filter((name) => name.endsWith('secret'))).toEqual([]);
    }
    await tenant;
  });

  it('goes on when its writing never ends', async () => {
    await using tree = await ArchivedTree.make();
    const file = join(tree.home, 'log');
    await writeFile(file, 'x'.repeat(1000));
    const writer = await open(file, 'a');
    const done = new AbortController();
    const writing = (async () => {
      while (!done.signal.aborted) await writer.write('y'.repeat(1000));
    })();
    const facts = await tree.archive({ freeze: (work) => work() }).finally(() => done.abort());
    await writing;
    await writer.close();
    expect(facts.fileCount).toBe(1);
    expect((await stat(join(await tree.unpacked(), 'log'))).size).toBe(facts.contentBytes);
  });

  it('neither fails for nor waits for a file that a program has a lease on', async () => {
    await using tree = await ArchivedTree.make();
    for (const name of ['leased', 'free']) await writeFile(join(tree.home, name), name);
    await using _ = await leaseOn(join(tree.home, 'leased'));
    const facts = await tree.archive({ freeze: (work) => work() });
    expect(facts.warnings).toEqual(['1 entry vanished or was locked while it was read']);
    expect(await tree.names()).toEqual(['free']);
    await expect(tree.archive()).resolves.toEqual(facts);
  });

  it('has what was written just before copied before it stands still', async () => {
    await using tree = await ArchivedTree.make();
    const files = Array.from({ length: 20 }, (_, index) => join(tree.home, `new-${index}`));
    for (const file of files) await random(file, 1024 ** 2);
    const staging = join(tree.root, 'aside');
    await mkdir(staging);
    // Changed at once, however long it took to write them: all of them just now.
    for (const file of files) await chmod(file, 0o640);
    let copies: [string[], string[]] = [[], []];
    await using archive = await archiveTree(
      { roots: [tree.home], scope: 'snapshot', staging: { directory: staging, syncedAt: Date.now() } },
      {
        freeze: async (work) => {
          await appendFile(join(tree.home, 'new-0'), 'more');
          const before = await readdir(staging);
          const done = await work();
          copies = [before, await readdir(staging)];
          return done;
        },
      },
    );
    const [before, after] = copies;
    expect([before.length, after.length]).toEqual([20, 20]);
    expect(after.filter((name) => !before.includes(name))).toHaveLength(1);
    for await (const _ of { [Symbol.asyncIterator]: () => archive.bytes });
    expect(archive.facts()).toMatchObject({ fileCount: 20, contentBytes: 20 * 1024 ** 2 + 4 });
  });

  it('tells of a full disk, and stands still no longer', async () => {
    await using tree = await ArchivedTree.make();
    await writeFile(join(tree.home, 'big'), Buffer.alloc(3 * 1024 ** 2, 1));
    const staging = join(tree.root, 'small');
    await using _disk = await smallDisk('1m', staging);
    const attempt = archiveTree(
      { roots: [tree.home], scope: 'snapshot', staging: { directory: staging, syncedAt: 0 } },
      { freeze: (work) => work() },
    );
    await expect(attempt).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describe('the archive of a tree that is not at rest, against its promise', () => {
  const size = 24 * 1024 ** 2;
  it.each([
    ['shrinks', (file: string) => truncate(file, size - 1000)],
    ['grows', (file: string) => appendFile(file, 'more')],
  ])('has exactly what was announced of a file that %s, and says so', async (_how, change) => {
    await using tree = await ArchivedTree.make();
    // Much more than is on its way before anybody reads.
    for (const name of ['a', 'b', 'c']) await random(join(tree.home, name), size);
    await using archive = await archiveTree({ roots: [tree.home], scope: 'snapshot' });
    const chunks = [(await archive.bytes.next()).value as Uint8Array];
    await change(join(tree.home, 'a'));
    await unlink(join(tree.home, 'b'));
    await rename(join(tree.home, 'c'), join(tree.home, 'd'));
    for (let next = await archive.bytes.next(); next.done !== true; next = await archive.bytes.next()) {
      chunks.push(next.value);
    }
    await writeFile(tree.file, Buffer.concat(chunks));
    expect(archive.facts()).toMatchObject({
      warnings: [
        '1 file changed while it was read',
        '2 entries vanished or were locked while they were read',
      ],
      contentBytes: size,
    });
    expect((await tree.listed()).map((line) => line.split(/ +/)[2])).toEqual([String(size)]);
  });
});

const startedWith = async (options: Omit<ArchiveOptions, 'scope'>) => {
  const tree = await ArchivedTree.make();
  await random(join(tree.home, 'a'), 64 * 1024 ** 2);
  const archive = await archiveTree({ roots: [tree.home], scope: 'snapshot' }, options);
  return { archive, [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose]() };
};
const readAll = async (bytes: AsyncIterator<Uint8Array>) => {
  while ((await bytes.next()).done !== true);
};

describe('an archive nobody wants any more', () => {
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
