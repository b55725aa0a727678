import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { mkdir, readFile, readdir, readlink, rm, stat, symlink as link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  END_OF_TAR,
  OWN,
  type Part,
  directory,
  file,
  hardLink,
  padded,
  paxHeader,
  rawHeader,
  symlink,
  tarOf,
} from '../../tests/harness/archives.ts';
import { makeTarget, unpackTar } from '../../tests/harness/unpacking.ts';
import { describeTree } from '../../tests/harness/random-tree.ts';
import type { TreeOptions } from './tree-writer.ts';

let base: string;
let target: string;

beforeEach(async () => {
  ({ base, target } = await makeTarget());
});
afterEach(() => rm(base, { recursive: true }));

const plain = (tar: Buffer, tree: Partial<TreeOptions> = {}) => unpackTar(tar, target, tree);

const read = (path: string) => readFile(join(target, path), 'utf8');

describe('a layer of an image', () => {
  it('loses its first segment and keeps modes, times, links and empty directories', async () => {
    const mtime = new Date(1_600_000_000_000);
    const tar = await tarOf(
      directory('layer/'),
      { ...directory('layer/empty'), mode: 0o1777, mtime },
      { ...file('layer/run'), mode: 0o6750, mtime },
      symlink('layer/out', '/etc/passwd'),
      { ...hardLink('layer/same', 'layer/run'), mode: 0o750 },
    );
    expect(await plain(tar, { droppedSegments: 1 })).toEqual({ warnings: ['1 entry lost its set-id bits'] });
    const run = await stat(join(target, 'run'));
    expect(run.mode & 0o7777).toBe(0o750);
    expect(run.mtime).toEqual(mtime);
    expect((await stat(join(target, 'same'))).ino).toBe(run.ino);
    expect(await readlink(join(target, 'out'))).toBe('/etc/passwd');
    expect(await readdir(join(target, 'empty'))).toEqual([]);
    const empty = await stat(join(target, 'empty'));
    expect({ mode: empty.mode & 0o7777, mtime: empty.mtime }).toEqual({ mode: 0o1777, mtime });
  });

  it('comes without devices and pipes', async () => {
    const device: Part = { name: 'layer/null', type: 'character-device', devmajor: 1, devminor: 3 };
    const tar = await tarOf(
      directory('layer'),
      device,
      { ...device, name: 'layer/zero' },
      {
        name: 'layer/pipe',
        type: 'fifo',
      },
    );
    const { warnings } = await plain(tar, { droppedSegments: 1 });
    expect(warnings).toEqual(['2 devices were left out', '1 named pipe was left out']);
    expect(await readdir(target)).toEqual([]);
  });
});

describe('an archive of a workspace', () => {
  const owner = OWN;

  it('belongs to its owner alone, without set-id and sticky bits', async () => {
    const tar = await tarOf(
      { ...directory('.'), mode: 0o700 },
      { ...directory('sticky'), mode: 0o3777 },
      { ...file('program'), mode: 0o4755, uid: 12_345, gid: 12_345 },
      { ...symlink('link', 'nowhere'), uid: 12_345 },
    );
    const { warnings } = await plain(tar, { owner, scope: 'backup' });
    expect(warnings).toEqual(['2 entries lost their set-id bits']);
    expect((await stat(target)).mode & 0o7777).toBe(0o700);
    expect((await stat(join(target, 'sticky'))).mode & 0o7777).toBe(0o777);
    expect(await stat(join(target, 'program'))).toMatchObject({ ...owner, mode: 0o100755 });
    expect(lstatSync(join(target, 'link'))).toMatchObject(owner);
  });

  it('keeps names that are no text, short and long, of GNU and of pax', async () => {
    const odd = `\xff\xfe\xe4${'o'.repeat(150)}`;
    const tar = Buffer.concat([
      rawHeader({ name: 'short\xe4' }),
      rawHeader({ name: 'L', type: 'L', size: odd.length + 1, magic: 'ustar  \0' }),
      padded(`${odd}\0`),
      rawHeader({ name: 'cut', magic: 'ustar  \0' }),
      paxHeader({ path: 'pax\xe9', mtime: '1234567890.5' }),
      rawHeader({ name: 'x' }),
      paxHeader({ linkpath: '\xe8' }),
      rawHeader({ name: 'link', type: '2' }),
      END_OF_TAR,
    ]);
    await plain(tar);
    const names = await readdir(target, { encoding: 'latin1' });
    expect(names.toSorted()).toEqual(['link', 'pax\xe9', 'short\xe4', odd].toSorted());
    expect(await readlink(join(target, 'link'), { encoding: 'latin1' })).toBe('\xe8');
    const pax = await stat(Buffer.concat([Buffer.from(`${target}/pax`), Buffer.from([0xe9])]));
    expect(pax.mtimeMs).toBe(1_234_567_890_500);
  });

  it('comes without what a snapshot leaves out, and with neutral repositories', async () => {
    const config =
      '[core]\n\tbare = false\n\tsshCommand = evil\n[remote "o"]\n\turl = https://user:secret@host\n';
    const tar = await tarOf(
      directory('workspace'),
      directory('workspace/node_modules'),
      directory('workspace/node_modules/tool'),
      file('workspace/node_modules/tool/index.js'),
      hardLink('workspace/kept-link', 'workspace/node_modules/tool/index.js'),
      directory('workspace/.git'),
      file('workspace/.git/config', config),
      file('workspace/.git/packed-refs', 'aa refs/heads/main\nbb refs/remotes/o/main\n'),
      file('workspace/.git/HEAD', 'ref: refs/heads/main\n'),
      directory('workspace/.git/hooks'),
      file('workspace/.git/hooks/pre-commit'),
    );
    const { warnings } = await plain(tar, { owner, scope: 'snapshot' });
    expect(warnings).toEqual(['1 link to what was left out was left out']);
    expect(await readdir(join(target, 'workspace'))).toEqual(['.git']);
    expect((await readdir(join(target, 'workspace/.git'))).toSorted()).toEqual([
      'HEAD',
      'config',
      'packed-refs',
    ]);
    expect(await read('workspace/.git/config')).toBe('[core]\n\tbare = false\n');
    expect(await read('workspace/.git/packed-refs')).toBe('aa refs/heads/main\n');
  });

  it('gets no configuration of a repository past that by a link', async () => {
    const evil = '[core]\n\tbare = false\n\tsshCommand = evil\n';
    const tar = await tarOf(
      file('evil', evil),
      directory('a'),
      directory('a/.git'),
      hardLink('a/.git/config', 'evil'),
      directory('b'),
      directory('b/.git'),
      symlink('b/.git/config', '../../evil'),
    );
    const { warnings } = await plain(tar, { owner, scope: 'snapshot' });
    expect(warnings).toEqual(['1 odd file of a repository was left out']);
    expect(await read('a/.git/config')).toBe('[core]\n\tbare = false\n');
    expect(await read('evil')).toBe(evil);
    expect(await readdir(join(target, 'b/.git'))).toEqual([]);
  });

  it('takes the place of what the layer below has, and never goes through its symlinks', async () => {
    await mkdir(join(target, 'app/node_modules'), { recursive: true });
    await writeFile(join(target, 'app/node_modules/tool.js'), 'prepared');
    await writeFile(join(target, 'app/package.json'), 'of the layer');
    await mkdir(join(target, 'app/was-directory'));
    await writeFile(join(target, 'app/was-directory/inside'), '');
    await link(join(base, 'secret'), join(target, 'app/was-link'));
    await link(base, join(target, 'app/up'));
    const tar = await tarOf(
      directory('app'),
      file('app/package.json', 'mine'),
      file('app/was-directory', 'a file now'),
      file('app/was-link', 'a file now'),
      directory('app/up'),
      file('app/up/secret', 'escaped'),
    );
    await plain(tar, { owner, scope: 'snapshot', isLayered: true });
    expect(await read('app/node_modules/tool.js')).toBe('prepared');
    expect(await read('app/package.json')).toBe('mine');
    expect(await read('app/was-directory')).toBe('a file now');
    expect(await read('app/was-link')).toBe('a file now');
    expect(await read('app/up/secret')).toBe('escaped');
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  it('may be deeper than any path', async () => {
    const levels = Array.from({ length: 60 }, () => 'd'.repeat(250));
    const paths = levels.map((_, depth) => levels.slice(0, depth + 1).join('/'));
    const deepest = paths.at(-1) ?? '';
    const tar = await tarOf(
      ...paths.map((path) => directory(path)),
      file(`${deepest}/file`),
      hardLink(`${deepest}/same`, `${deepest}/file`),
      symlink(`${deepest}/link`, 'file'),
    );
    try {
      expect(await plain(tar, { owner, scope: 'snapshot' })).toEqual({ warnings: [] });
      const found = execFileSync('find', [target, '-printf', '%y %d %m %n %s %l\n'], { encoding: 'utf8' });
      const lines = found.split('\n');
      expect(lines.filter((line) => /^d [1-9]\d* 755 /.test(line))).toHaveLength(60);
      expect(lines.filter((line) => line === 'f 61 644 2 7 ')).toHaveLength(2);
      expect(lines).toContain('l 61 777 1 4 file');
    } finally {
      execFileSync('rm', ['-rf', target]);
    }
  });

  it('leaves out what no path here can name', async () => {
    const tar = await tarOf(
      file('n'.repeat(300)),
      directory('d'.repeat(256)),
      file(`${'d'.repeat(256)}/below`),
      file('kept'),
    );
    const { warnings } = await plain(tar, { owner, scope: 'backup' });
    expect(warnings).toEqual(['2 entries with too long a path were left out']);
    expect(await readdir(target)).toEqual(['kept']);
  });
});

describe('archives of the system’s tar', () => {
  it.each(['gnu', 'pax', 'ustar'])('of format %s give the same tree', async (format) => {
    const from = join(base, 'from');
    // The oldest has room for less.
    const deep = join(from, 'deep'.padEnd(format === 'ustar' ? 60 : 200, '-'), 'er'.padEnd(30, '-'));
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'file'), 'content', { mode: 0o640 });
    await link('x'.repeat(format === 'ustar' ? 90 : 300), join(from, 'long-link'));
    execFileSync('ln', [join(deep, 'file'), join(from, 'other-name')]);
    await plain(packed(from, `--format=${format}`, '--sort=name'));
    expect(await describeTree(target)).toEqual(await describeTree(from));
  });

  it('give sparse files with their holes', async () => {
    const from = join(base, 'from');
    await mkdir(from);
    const script = `truncate -s 20M holes && echo middle | dd of=holes bs=1 seek=9000000 conv=notrunc status=none &&
      printf start | dd of=holes bs=1 conv=notrunc status=none && truncate -s 10G empty && echo end >> holes`;
    execFileSync('sh', ['-c', script], { cwd: from });
    await plain(packed(from, '--sparse', '--format=pax'));
    for (const name of ['holes', 'empty']) {
      const [made, given] = [await stat(join(target, name)), await stat(join(from, name))];
      expect(made.size).toBe(given.size);
      // To the microsecond, which is what a number of milliseconds holds.
      expect(made.mtimeMs).toBeCloseTo(given.mtimeMs, 2);
      expect(made.blocks).toBeLessThan(100);
    }
    execFileSync('cmp', [join(from, 'holes'), join(target, 'holes')]);
  });
});

const packed = (from: string, ...options: string[]) =>
  execFileSync('tar', ['-cf', '-', ...options, '-C', from, '.'], { maxBuffer: 64 * 1024 ** 2 });
