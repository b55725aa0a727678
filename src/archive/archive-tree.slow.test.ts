import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  link,
  mkdir,
  open,
  readFile,
  readdir,
  readlink,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchivedTree, run, shell } from '../../tests/harness/archived-tree.ts';
import type { TreeArchiveFacts } from './archive-tree.ts';

describe('the archive of a tree', () => {
  it('unpacks to the same contents, modes, times and links, and belongs to the sandbox user', async () => {
    await using tree = await ArchivedTree.make();
    const { home } = tree;
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

    const facts = await tree.archive();
    expect(facts).toMatchObject({ fileCount: 4, entryCount: 7, contentBytes: 13, warnings: [] });
    const bytes = await readFile(tree.file);
    expect(facts.sizeBytes).toBe(bytes.byteLength);
    expect(facts.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));

    for (const line of await tree.listed()) expect(line).toContain(' 1000/1000 ');
    const to = await tree.unpacked();
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
    await using tree = await ArchivedTree.make();
    for (const name of ['b', 'a', 'ä', 'B', 'a-']) await writeFile(join(tree.home, name), name);
    const { sha256 } = await tree.archive();
    expect((await tree.archive()).sha256).toBe(sha256);
    expect(await tree.names()).toEqual(['B', 'a', 'a-', 'b', 'ä']);
  });

  it('has names of any bytes and any length', async () => {
    await using tree = await ArchivedTree.make();
    const long = 'n'.repeat(255);
    await shell(
      `printf x > "$(printf 'caf\\351\\377')"; printf y > "$(printf 'new\\nline')"; printf z > ${long}
       ln -s ${'t'.repeat(300)} link; mkdir -p ${long}-/x; printf p > ${long.slice(1)}-/x/file`.replaceAll(
        `${long}-`,
        `${long.slice(1)}-`,
      ),
      tree.home,
    );
    expect(await tree.archive()).toMatchObject({ fileCount: 4, entryCount: 7, warnings: [] });
    const to = await tree.unpacked();
    const names = await readdir(to, { encoding: 'buffer' });
    expect(names.map((name) => name.toString('latin1')).toSorted()).toEqual(
      ['caf\xe9\xff', 'link', long, `${long.slice(1)}-`, 'new\nline'].toSorted(),
    );
    expect(await readlink(join(to, 'link'))).toBe('t'.repeat(300));
    expect(await readFile(join(to, `${long.slice(1)}-/x/file`), 'utf8')).toBe('p');
  });

  it('has paths longer than any path may be', async () => {
    await using tree = await ArchivedTree.make();
    const name = 'd'.repeat(200);
    await shell(
      `for i in $(seq 60); do mkdir ${name}; cd -P ${name}; printf deep > file; mkdir zz; done`,
      tree.home,
    );
    expect(await tree.archive()).toMatchObject({ fileCount: 60, entryCount: 180, warnings: [] });
    const names = await tree.names();
    expect(names).toContain(`${`${name}/`.repeat(60)}file`);
    expect(names).toHaveLength(180);
  });

  it('leaves out directories whose path is longer than an archive repeats, and says so', async () => {
    await using tree = await ArchivedTree.make();
    await shell(`d=${'d'.repeat(250)}; for i in $(seq 80); do mkdir $d; cd -P $d; done`, tree.home);
    const facts = await tree.archive();
    expect(facts.warnings).toEqual(['1 directory was left out: its path is too long']);
    expect(facts.entryCount).toBe(65);
  });

  it('has neither devices, pipes, sockets nor set-id bits, and says so; whiteouts are no loss', async () => {
    await using tree = await ArchivedTree.make();
    const { home } = tree;
    await shell(
      `mknod zero c 1 5; mknod disk b 7 99; mkfifo pipe; mknod whiteout c 0 0
       printf x > suid; chmod 4755 suid; printf x > sgid; chmod 2755 sgid; mkdir sticky; chmod 1777 sticky`,
      home,
    );
    const server = createServer().listen(join(home, 'socket'));
    await once(server, 'listening');
    const facts = await tree.archive().finally(() => server.close());
    expect(facts.warnings).toEqual([
      '2 devices were left out',
      '1 named pipe was left out',
      '1 socket was left out',
      '2 entries lost their set-id bits',
    ]);
    expect(await tree.names()).toEqual(['sgid', 'sticky/', 'suid']);
    const to = await tree.unpacked();
    expect((await stat(join(to, 'suid'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(to, 'sticky'))).mode & 0o7777).toBe(0o777);
  });

  it('costs no more for a sparse file than it holds', async () => {
    await using tree = await ArchivedTree.make();
    const size = 10 * 1024 ** 3;
    const path = join(tree.home, `${'s'.repeat(120)}.img`);
    const file = await open(path, 'w');
    await file.write('begin', 0);
    await file.write('middle', 5 * 1024 ** 3 + 1234);
    await file.truncate(size);
    await file.close();
    const facts = await tree.archive();
    expect(facts).toMatchObject({ fileCount: 1, warnings: [] });
    // Of whole blocks.
    expect(facts.contentBytes).toBeGreaterThanOrEqual(11);
    expect(facts.contentBytes).toBeLessThan(1024 ** 2);
    expect(facts.sizeBytes).toBeLessThan(10_000);
    const unpacked = join(await tree.unpacked(), `${'s'.repeat(120)}.img`);
    const found = await stat(unpacked);
    expect(found.size).toBe(size);
    expect(found.blocks * 512).toBeLessThan(1024 ** 2);
    await using copy = await open(unpacked);
    const part = Buffer.alloc(6);
    await copy.read(part, 0, 6, 5 * 1024 ** 3 + 1234);
    expect(part.toString()).toBe('middle');
  });

  it('refuses more than an archive may hold before it looks through it', async () => {
    await using tree = await ArchivedTree.make();
    await writeFile(join(tree.home, 'huge'), '');
    await truncate(join(tree.home, 'huge'), 1024 ** 4 + 1);
    const attempt = tree.archive();
    await expect(attempt).rejects.toMatchObject({ code: 'payload_too_large', message: /1024 GiB/ });
  });

  it('copes with 50 000 files', async () => {
    await using tree = await ArchivedTree.make();
    await shell(
      'for d in $(seq 50); do mkdir $d; seq -f $d/%g 1000 | xargs touch; printf $d > $d/1; done',
      tree.home,
    );
    const progress: number[] = [];
    const facts = await tree.archive({ onProgress: ({ files }) => progress.push(files) });
    expect(facts).toMatchObject({ fileCount: 50_000, entryCount: 50_050, warnings: [] });
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await tree.names()).toHaveLength(50_050);
    // To make them takes a busy disk its time.
  }, 300_000);

  it.each(['sha1', 'sha256'])(
    'makes a repository of %s nobody’s, and leaves out the generated',
    async (format) => {
      await using tree = await ArchivedTree.make();
      await shell(
        `mkdir -p app/node_modules/x .runtimed/tasks .npm/_cacache; printf x > app/node_modules/x/y
       printf x > .runtimed/tasks/t; printf x > .runtimed/boot.json; printf x > .npm/_cacache/z
       cd app; git init -q --object-format=${format} .; git config user.email a@b.example; git config user.name a
       git remote add origin https://someone:token-not-real@git.example/x.git
       git config core.fsmonitor /bin/evil; printf hi > file; git add file; git commit -qm first
       git update-ref refs/remotes/origin/main HEAD; git pack-refs --all; git tag later
       ln .git/config same-as-config; printf '#!/bin/sh' > .git/hooks/pre-commit`,
        tree.home,
      );
      await tree.archive();
      const names = await tree.names();
      expect(names.filter((name) => /node_modules|_cacache|tasks|hooks|remotes/.test(name))).toEqual([]);
      expect(names).toContain('.runtimed/boot.json');
      const to = join(await tree.unpacked(), 'app');
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

/** Mounts it, lets a script change it, and archives the layers. */
async function changed(tree: ArchivedTree, script: string): Promise<TreeArchiveFacts> {
  const [lower, work, point] = ['lower', 'work', 'mounted'].map((name) => join(tree.root, name));
  for (const directory of [work, point]) await mkdir(directory!);
  const options = `lowerdir=${lower},upperdir=${tree.home},workdir=${work}`;
  await run('mount', ['-t', 'overlay', 'overlay', '-o', options, point!]);
  try {
    await shell(script, point!);
  } finally {
    await run('umount', [point!]);
  }
  return tree.archive({ layers: [lower!] });
}

describe('the archive of an overlay', () => {
  it('has what its layers show together, and nothing that was deleted', async () => {
    await using tree = await ArchivedTree.make();
    await shell(
      `mkdir -p lower/app/node_modules lower/app/remade lower/app/whole lower/turned lower/kept/deep
       for f in app/node_modules/x app/remade/old app/whole/a app/deleted turned/x kept/deep/file; do printf lower > lower/$f; done`,
      tree.root,
    );
    await changed(
      tree,
      `rm app/deleted; rm -r app/remade; mkdir app/remade; printf new > app/remade/new
       rm -r turned; printf file > turned; printf upper > app/whole/b; printf upper > kept/deep/other`,
    );
    const files = (await tree.names()).filter((name) => !name.endsWith('/'));
    expect(files).toEqual([
      'app/remade/new',
      'app/whole/a',
      'app/whole/b',
      'kept/deep/file',
      'kept/deep/other',
      'turned',
    ]);
    expect(await readFile(join(await tree.unpacked(), 'app/whole/a'), 'utf8')).toBe('lower');
  });

  it('of prepared dependencies alone is that of the upper', async () => {
    await using tree = await ArchivedTree.make();
    await shell('mkdir -p lower/app/node_modules; printf x > lower/app/node_modules/x', tree.root);
    await changed(tree, 'printf mine > app/file; rm app/node_modules/x');
    expect(await tree.names()).toEqual(['app/', 'app/file']);
  });
});
