import { once } from 'node:events';
import { link, mkdir, readFile, readlink, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchivedTree, shell } from '../../tests/harness/archived-tree.ts';
import { exportedOf, unzipped, zipContents, zipListing } from '../../tests/harness/zips.ts';
import { staysWithin } from './zip.ts';

const FILES = 'find . -mindepth 1 | LC_ALL=C sort';

async function withApp(): Promise<ArchivedTree & { readonly app: string }> {
  const tree = await ArchivedTree.make();
  const app = join(tree.home, 'workspace/app');
  await mkdir(app, { recursive: true });
  return Object.assign(tree, { app });
}

describe('an exported app', () => {
  it('is what is in the app directory, and unzips to the same contents, modes and times', async () => {
    await using tree = await withApp();
    await shell(
      `mkdir -p src empty; printf main > src/main.js; printf '#!/bin/sh' > run.sh; chmod 755 run.sh
       : > nothing; printf h > .env; ln src/main.js again; touch -d 2001-09-09T01:46:40Z src/main.js
       ln -s src/main.js link; ln -s ../src empty/up; printf secret > ../beside`,
      tree.app,
    );
    await writeFile(join(tree.home, 'outside'), 'secret');
    const to = await unzipped(tree, await exportedOf(tree));
    const { stdout } = await shell(FILES, to);
    expect(stdout.split('\n').filter(Boolean)).toEqual([
      './.env',
      './again',
      './empty',
      './empty/up',
      './link',
      './nothing',
      './run.sh',
      './src',
      './src/main.js',
    ]);
    expect(await readFile(join(to, 'again'), 'utf8')).toBe('main');
    expect((await stat(join(to, 'run.sh'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(to, 'src/main.js'))).mtimeMs).toBe(1e12);
    expect(await readlink(join(to, 'link'))).toBe('src/main.js');
    expect(await readFile(join(to, 'empty/up/main.js'), 'utf8')).toBe('main');
  });

  it('has nothing that is generated, at any depth, nor what is runtimed’s own', async () => {
    await using tree = await withApp();
    await shell(
      `for name in node_modules .git dist .vite .next .venv __pycache__ .runtimed; do
         mkdir -p $name deep/$name; printf x > $name/file; printf x > deep/$name/file
       done; printf x > deep/kept; mkdir out; printf x > out/kept; printf x > deep/more; ln -s deep/more dist-link`,
      tree.app,
    );
    expect(zipListing(await exportedOf(tree))).toEqual([
      'deep/',
      'deep/kept',
      'deep/more',
      'dist-link',
      'out/',
      'out/kept',
    ]);
  });

  it('leads whoever unpacks it nowhere else', async () => {
    await using tree = await withApp();
    for (const [at, target] of Object.entries({
      absolute: '/etc/passwd',
      up: '../beside',
      'in-again': '../app/x',
      self: '.',
      fine: 'sub/dir',
    })) {
      await symlink(target, join(tree.app, at));
    }
    await shell(
      `mkdir -p sub/dir; ln -s ../.. sub/dir/top; ln -s sub/dir/top/.. trick; ln -s ../../.. sub/dir/over
       printf x > '..\\..\\evil.exe'; mkdir '..\\..'; printf x > '..\\../evil'; printf x > 'C:evil'
       mkfifo pipe; mknod device c 1 3 2>/dev/null || true`,
      tree.app,
    );
    const server = createServer().listen(join(tree.app, 'socket'));
    try {
      await once(server, 'listening');
      const links = { fine: 'sub/dir', self: '.', 'sub/dir/top': '../..' };
      expect(zipContents(await exportedOf(tree))).toEqual({ ...links, 'sub/': '', 'sub/dir/': '' });
    } finally {
      server.close();
    }
  });

  it.each(['workspace', 'workspace/app'])('is empty where %s is a link to elsewhere', async (path) => {
    await using tree = await ArchivedTree.make();
    await shell(
      `mkdir -p ../outside/app && printf secret > ../outside/app/file && printf secret > ../outside/file
       mkdir -p "$(dirname ${path})" && ln -s ${join(tree.root, 'outside')} ${path}`,
      tree.home,
    );
    expect(zipListing(await exportedOf(tree))).toEqual([]);
  });

  it('has names of any bytes, and files from before the format’s time', async () => {
    await using tree = await withApp();
    await shell(
      `printf a > ä; printf l > "$(printf 'caf\\351')"; printf n > "$(printf 'new\\nline')"; touch -d 1969-01-01 old`,
      tree.app,
    );
    const zip = await exportedOf(tree);
    expect(zipListing(zip)).toEqual(['caf\ufffd', 'new\nline', 'old', 'ä']);
  });

  it('is as large as its files, with the holes of sparse ones, and whole also in many chunks', async () => {
    await using tree = await withApp();
    await writeFile(join(tree.app, 'large'), 'abc'.repeat(3 * 1024 ** 2));
    await writeFile(join(tree.app, 'sparse'), 'x');
    await truncate(join(tree.app, 'sparse'), 5 * 1024 ** 2);
    const { large = '', sparse = '' } = zipContents(await exportedOf(tree));
    expect(large === 'abc'.repeat(3 * 1024 ** 2)).toBe(true);
    expect(sparse === `x${'\0'.repeat(5 * 1024 ** 2 - 1)}`).toBe(true);
  });

  it('is refused before its first byte when it is more than can be exported', async () => {
    await using tree = await withApp();
    await writeFile(join(tree.app, 'holes'), '');
    await truncate(join(tree.app, 'holes'), 65 * 1024 ** 3);
    await expect(exportedOf(tree)).rejects.toMatchObject({ code: 'payload_too_large' });
    // Of which each name is written out.
    await truncate(join(tree.app, 'holes'), 33 * 1024 ** 3);
    await link(join(tree.app, 'holes'), join(tree.app, 'same'));
    await expect(exportedOf(tree)).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('is that of the layers of an overlay', async () => {
    await using tree = await withApp();
    const lower = join(tree.root, 'lower');
    await mkdir(join(lower, 'workspace/app/below'), { recursive: true });
    await writeFile(join(lower, 'workspace/app/below/file'), 'lower');
    await writeFile(join(lower, 'workspace/app/both'), 'lower');
    await writeFile(join(tree.app, 'both'), 'upper');
    const contents = { both: 'upper', 'below/': '', 'below/file': 'lower' };
    expect(zipContents(await exportedOf(tree, [lower]))).toEqual(contents);
  });
});

describe('a link in an exported app', () => {
  it.each([
    ['link', 'file', true],
    ['link', './a//b', true],
    ['link', '.', true],
    ['a/link', '..', true],
    ['a/b/link', '../../c', true],
    ['link', '..', false],
    ['a/link', '../..', false],
    ['a/b/link', 'x/../../../..', false],
    ['a/b/link', 'x/..', false],
    ['link', '/etc', false],
    ['link', 'a\\..\\..', false],
    ['link', 'C:x', false],
    ['link', '', false],
  ])('%s to %s: %s', (path, target, expected) => {
    expect(staysWithin(path, target)).toBe(expected);
  });
});
