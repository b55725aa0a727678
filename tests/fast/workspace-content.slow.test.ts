import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import type {
  ArchiveFacts,
  ArchiveOptions,
  ArchivedContent,
  HomeMount,
  WorkspaceArchive,
  Workspaces,
} from '../../src/domain/workspace.ts';
import {
  type Part,
  directory,
  expectedOf,
  file,
  inPieces,
  symlink,
  tarOf,
  zstdOf,
} from '../harness/archives.ts';
import { describeTree, randomTree } from '../harness/random-tree.ts';
import { DEMO, type DiskSetup, IMAGE, OTHER_IMAGE, setUpDisk } from '../harness/disk-workspaces.ts';
import { smallDisk } from '../harness/small-disk.ts';

const run = promisify(execFile);
const newId = ulidSource();
const HUGE = 10 * 1024 ** 3;
const OTHER_DEMO = { ...DEMO, imageDigest: OTHER_IMAGE };

/** Content to be opened once, which tells what was said of it. */
function contentOf(archive: Buffer, limits?: { contentBytes: number; entryCount: number }) {
  const warnings: string[] = [];
  const open = async (): Promise<ArchivedContent> => ({
    bytes: inPieces(archive),
    expected: expectedOf(archive, limits),
    onWarning: (warning) => warnings.push(warning),
  });
  return { open, warnings };
}

/** An archive to its end, as content. */
async function read({ bytes, facts }: WorkspaceArchive) {
  const archive = await buffer(bytes);
  return { facts: facts(), ...contentOf(archive, facts()) };
}

const archiveOf = async (...parts: Part[]) => zstdOf(await tarOf(...parts));

const APP = [directory('workspace'), directory('workspace/app')];
const MINE = file('workspace/app/main.js', 'mine');

const ownFiles = (home: HomeMount) => (home.kind === 'bind' ? home.path : home.upper);

const backup = () =>
  archiveOf(
    ...APP,
    MINE,
    directory('workspace/app/.git'),
    file('workspace/app/.git/config', '[remote "o"]\n\turl = https://example.com\n'),
  );

async function orphaned(under: DiskSetup): Promise<string> {
  const id = newId();
  const { home } = await under.workspaces.prepare(id, DEMO);
  await under.mounted(home, async (path) => {
    await writeFile(join(path, 'workspace/app/main.js'), 'mine');
    await writeFile(join(path, 'workspace/app/node_modules/tool.js'), 'changed');
  });
  await rm(join(under.data, 'layers'), { recursive: true });
  return id;
}

/** Nothing but what is listed. */
async function expectNothingLeft({ data, workspaces }: DiskSetup): Promise<void> {
  expect(await workspaces.list()).toEqual([]);
  expect(await readdir(join(data, 'sandboxes'))).toEqual([]);
  expect(await readdir(join(data, 'limbo'))).toEqual([]);
}

describe.each(['overlay', 'directory'] as const)('content in a workspace of kind %s', (kind) => {
  it('lies over the prepared dependencies, with its own in their place', async () => {
    await using under = await setUpDisk(kind);
    const { open, warnings } = contentOf(
      await archiveOf(...APP, MINE, { name: 'workspace/app/pipe', type: 'fifo' }, directory('.config')),
    );
    const { home } = await under.workspaces.prepare(newId(), DEMO, open);
    expect(warnings).toEqual(['1 named pipe was left out']);
    await under.mounted(home, async (path) => {
      const app = join(path, 'workspace/app');
      expect((await readdir(path)).toSorted()).toEqual(['.config', 'workspace']);
      expect((await readdir(app)).toSorted()).toEqual(['main.js', 'node_modules']);
      expect(await readFile(join(app, 'main.js'), 'utf8')).toBe('mine');
      expect(await readFile(join(app, 'node_modules/tool.js'), 'utf8')).toBe('prepared');
    });
  });

  it('need not have a home or an app directory', async () => {
    await using under = await setUpDisk(kind);
    const { open } = contentOf(await archiveOf(file('alone')));
    const { home } = await under.workspaces.prepare(newId(), DEMO, open);
    expect((await readdir(ownFiles(home))).toSorted()).toEqual(['alone', 'workspace']);
    expect((await stat(join(ownFiles(home), 'workspace/app'))).isDirectory()).toBe(true);
  });

  it('leads nowhere outside by a symlink in the place of the app directory', async () => {
    await using under = await setUpDisk(kind);
    const outside = join(under.data, 'outside');
    await mkdir(outside);
    const { open } = contentOf(await archiveOf(symlink('workspace', outside)));
    await under.workspaces.prepare(newId(), { ...DEMO, template: 'bare' }, open);
    expect(await readdir(outside)).toEqual([]);
  });
});

describe('content', () => {
  it('that is refused, cannot be had, or breaks off leaves nothing', async () => {
    await using under = await setUpDisk('overlay');
    const evil = contentOf(await archiveOf(...APP, file('workspace/../../escaped'))).open;
    await expect(under.workspaces.prepare(newId(), DEMO, evil)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('"workspace/../../escaped" in the archive leads out'),
    });
    await expectNothingLeft(under);

    const lost = new SandboxdError('not_found', 'No such snapshot.');
    const absent = () => Promise.reject(lost);
    await expect(under.workspaces.prepare(newId(), DEMO, absent)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expectNothingLeft(under);

    const archive = await archiveOf(...APP, MINE);
    async function* broken() {
      yield archive.subarray(0, 50);
      throw new SandboxdError('unavailable', 'The store went away.');
    }
    const breaking = async () => ({ ...(await contentOf(archive).open()), bytes: broken() });
    await expect(under.workspaces.prepare(newId(), DEMO, breaking)).rejects.toThrow('The store went away.');
    await expectNothingLeft(under);
  });

  it('that a killed node was unpacking is cleared away by the next one', async () => {
    await using under = await setUpDisk('overlay');
    await mkdir(join(under.data, 'limbo', `${newId()}-abcdef`, 'home'), { recursive: true });
    expect(await (await under.reopened()).list()).toEqual([]);
    await expectNothingLeft(under);
  });

  it('that would not fit is not even read', async () => {
    await using under = await setUpDisk('overlay');
    const archive = await archiveOf(...APP, MINE);
    let isRead = false;
    async function* bytes() {
      isRead = true;
      yield archive;
    }
    const expected = expectedOf(archive, { contentBytes: 2 ** 50, entryCount: 3 });
    const huge = async () => ({ bytes: bytes(), expected, onWarning: () => undefined });
    await expect(under.workspaces.prepare(newId(), DEMO, huge)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/needs \d+ MiB, and \d+ MiB are free/),
    });
    expect(isRead).toBe(false);
    await expectNothingLeft(under);
  });
});

describe('a small disk', () => {
  it('has room for a large file of holes, set aside, archived and put back', async () => {
    await using disk = await smallDisk('100m');
    await using under = await setUpDisk('directory', false, disk.path);
    const id = newId();
    const { home } = await under.workspaces.prepare(id, DEMO);
    await writeFile(join(ownFiles(home), 'holes'), 'begin');
    await truncate(join(ownFiles(home), 'holes'), HUGE);
    const options = { scope: 'snapshot', freeze: (work) => work() } satisfies ArchiveOptions;
    const { open } = await read(await under.workspaces.archive(id, options));
    const copy = await under.workspaces.prepare(newId(), DEMO, open);
    expect((await stat(join(ownFiles(copy.home), 'holes'))).size).toBe(HUGE);
  });
});

describe('a full disk', () => {
  it('midway leaves nothing, and says so; when there is space again it works', async () => {
    await using disk = await smallDisk('100m');
    await using under = await setUpDisk('directory', false, disk.path);
    const big = { ...file('workspace/app/big', 'x'.repeat(8 * 1024 ** 2)) };
    const archive = await archiveOf(...APP, MINE, big);
    const limits = { contentBytes: 9 * 1024 ** 2, entryCount: 4 };
    const filler = join(disk.path, 'somebody-else');
    async function* filling() {
      await run('sh', ['-c', `head -c 200M /dev/zero > ${filler} || true`]);
      yield archive;
    }
    const { open } = contentOf(archive, limits);
    const full = async () => ({ ...(await open()), bytes: filling() });
    await expect(under.workspaces.prepare(newId(), DEMO, full)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no space left'),
    });
    await expectNothingLeft(under);

    await rm(filler);
    const { home } = await under.workspaces.prepare(newId(), DEMO, open);
    expect(await readFile(join(ownFiles(home), 'workspace/app/main.js'), 'utf8')).toBe('mine');
  });
});

describe('a workspace whose layer and image are gone', () => {
  it('goes on with the image there is', async () => {
    await using under = await setUpDisk('overlay');
    const id = await orphaned(under);
    const later = await under.elsewhere('overlay', [OTHER_IMAGE]);
    const { home } = await later.prepare(id, { imageDigest: OTHER_IMAGE, template: 'bare' });
    expect(home).toMatchObject({
      kind: 'overlay',
      lower: join(under.data, 'layers', 'b'.repeat(16), 'demo'),
    });
    expect(await readdir(join(under.data, 'sandboxes', id, 'staging'))).toEqual([]);
    expect((await later.find(id)).home).toEqual(home);
    expect((await (await under.elsewhere('overlay', [OTHER_IMAGE])).prepare(id, OTHER_DEMO)).home).toEqual(
      home,
    );
  });

  it('becomes a directory where there are no overlays, with nothing of its own replaced', async () => {
    await using under = await setUpDisk('overlay');
    const id = await orphaned(under);
    const app = join(under.data, 'sandboxes', id, 'home/workspace/app');
    await rm(join(app, 'node_modules/tool.js'));
    await run('mknod', [join(app, 'node_modules/tool.js'), 'c', '0', '0']);
    const later = await under.elsewhere('directory', [OTHER_IMAGE]);
    const { home } = await later.prepare(id, OTHER_DEMO);
    expect(home).toEqual({ kind: 'bind', path: join(under.data, 'sandboxes', id, 'home') });
    expect((await readdir(app)).toSorted()).toEqual(['main.js', 'node_modules']);
    expect(await readFile(join(app, 'main.js'), 'utf8')).toBe('mine');
    // It was deleted from the layer, and stays so.
    expect(await readdir(join(app, 'node_modules'))).toEqual([]);
    expect((await later.prepare(id, OTHER_DEMO)).home).toEqual(home);
  });

  it('gets nothing back there that was deleted and made anew', async () => {
    await using under = await setUpDisk('overlay');
    const id = newId();
    const { home } = await under.workspaces.prepare(id, DEMO);
    await under.mounted(home, async (path) => {
      const modules = join(path, 'workspace/app/node_modules');
      await rm(modules, { recursive: true });
      await mkdir(modules);
      await writeFile(join(modules, 'mine.js'), 'mine');
    });
    await rm(join(under.data, 'layers'), { recursive: true });
    await (await under.elsewhere('directory', [OTHER_IMAGE])).prepare(id, OTHER_DEMO);
    const modules = join(under.data, 'sandboxes', id, 'home/workspace/app/node_modules');
    expect(await readdir(modules)).toEqual(['mine.js']);
  });

  it('is left as it is when there is no other image, or the engine cannot say', async () => {
    await using under = await setUpDisk('overlay');
    const id = await orphaned(under);
    const without = await under.elsewhere('overlay', []);
    await expect(without.prepare(id, OTHER_DEMO)).rejects.toMatchObject({ code: 'unavailable' });
    under.engine.failures.set('imageDigest', new SandboxdError('node_unavailable', 'The engine went away.'));
    await expect(under.workspaces.prepare(id, OTHER_DEMO)).rejects.toMatchObject({
      code: 'node_unavailable',
    });
    const { home } = await under.workspaces.prepare(id, OTHER_DEMO);
    expect(home).toMatchObject({ lower: join(under.data, 'layers', 'a'.repeat(16), 'demo') });
  });
});

const archivedFacts = async (workspaces: Workspaces, id: string): Promise<ArchiveFacts> => {
  const { bytes, facts } = await workspaces.archive(id, { scope: 'backup' });
  for await (const _ of bytes);
  return facts();
};

describe('a workspace whose image is gone', () => {
  it('is archived without the layer that went with it', async () => {
    await using under = await setUpDisk('overlay');
    const id = newId();
    await under.workspaces.prepare(id, DEMO, contentOf(await backup()).open);
    const before = await archivedFacts(under.workspaces, id);
    await rm(join(under.data, 'layers'), { recursive: true });
    const here = await under.elsewhere('overlay', [OTHER_IMAGE]);
    expect(await archivedFacts(here, id)).toMatchObject({ baseImage: IMAGE, fileCount: before.fileCount });
  });
});

describe('an adopted workspace', () => {
  it('is made without the engine, of all that a backup has, once', async () => {
    await using under = await setUpDisk('auto');
    const id = newId();
    await under.workspaces.adopt(id, DEMO, contentOf(await backup()).open);
    await under.workspaces.adopt(id, DEMO, () => Promise.reject(new Error('opened again')));
    expect(await under.workspaces.list()).toEqual([id]);
    expect(under.engine.calls).toEqual([]);
    const config = await readFile(
      join(under.data, 'sandboxes', id, 'home/workspace/app/.git/config'),
      'utf8',
    );
    expect(config).toContain('https://example.com');
  });

  it.each(['overlay', 'directory'] as const)('gets what it needs on a node that does %s', async (kind) => {
    await using under = await setUpDisk(kind);
    const id = newId();
    await under.workspaces.adopt(id, DEMO, contentOf(await backup()).open);
    const { home } = await under.workspaces.prepare(id, OTHER_DEMO);
    expect(home.kind).toBe(kind === 'overlay' ? 'overlay' : 'bind');
    await under.mounted(home, async (path) => {
      const app = join(path, 'workspace/app');
      expect((await readdir(app)).toSorted()).toEqual(['.git', 'main.js', 'node_modules']);
      expect(await readFile(join(app, 'node_modules/tool.js'), 'utf8')).toBe('prepared');
    });
    expect((await under.workspaces.prepare(id, OTHER_DEMO)).home).toEqual(home);
  });

  it('goes on with the image there is, when its own is not on this node', async () => {
    await using under = await setUpDisk('overlay');
    const id = newId();
    await under.workspaces.adopt(id, DEMO, contentOf(await backup()).open);
    const { home } = await (await under.elsewhere('overlay', [OTHER_IMAGE])).prepare(id, OTHER_DEMO);
    expect(home).toMatchObject({ lower: join(under.data, 'layers', 'b'.repeat(16), 'demo') });
  });

  it('is archived as it is, also where its image is not', async () => {
    await using under = await setUpDisk('overlay');
    const id = newId();
    await under.workspaces.adopt(id, DEMO, contentOf(await backup()).open);
    const without = await under.elsewhere('overlay', []);
    const { facts, open } = await read(await without.archive(id, { scope: 'backup' }));
    expect(facts).toMatchObject({ baseImage: IMAGE, fileCount: 2 });
    const other = newId();
    await under.workspaces.adopt(other, DEMO, open);
    const [made, given] = [other, id].map((one) => describeTree(join(under.data, 'sandboxes', one, 'home')));
    expect(await made).toEqual(await given);
  });

  it('is archived before it was prepared, whatever images there are', async () => {
    await using under = await setUpDisk('overlay');
    const id = newId();
    await under.workspaces.adopt(id, DEMO, contentOf(await backup()).open);
    const here = await under.elsewhere('overlay', [OTHER_IMAGE]);
    expect(await archivedFacts(here, id)).toMatchObject({ baseImage: IMAGE, warnings: [] });
    expect(await readdir(join(under.data, 'layers'))).toEqual([]);
  });

  it('is not there when it was refused', async () => {
    await using under = await setUpDisk('overlay');
    const evil = contentOf(await archiveOf(file('/etc/passwd'))).open;
    await expect(under.workspaces.adopt(newId(), DEMO, evil)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const bad = under.workspaces.adopt(newId(), { imageDigest: IMAGE, template: '../x' }, evil);
    await expect(bad).rejects.toMatchObject({ code: 'invalid_request' });
    await expectNothingLeft(under);
  });
});

describe('a tree of the system’s tar and zstd', () => {
  it.each([1, 2, 3, 4, 5])('is the same when it was unpacked (seed %i)', async (seed) => {
    await using under = await setUpDisk('overlay');
    const from = join(under.data, 'from');
    await mkdir(from);
    await randomTree(from, seed);
    const command = `tar --format=gnu --sort=name -C ${from} -cf - . | zstd -q`;
    const archive = execFileSync('sh', ['-c', command], { maxBuffer: 64 * 1024 ** 2 });
    const { open, warnings } = contentOf(archive);
    const { home } = await under.workspaces.prepare(newId(), { ...DEMO, template: 'bare' }, open);
    expect(warnings).toEqual([]);
    await rm(join(ownFiles(home), 'workspace'), { recursive: true });
    expect(await describeTree(ownFiles(home))).toEqual(await describeTree(from));
  });
});
