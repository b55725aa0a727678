import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DiskWorkspaces } from '../../src/adapters/workspace/workspaces.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import type { ArchiveOptions, WorkspaceKind } from '../../src/domain/workspace.ts';
import { filesContract } from '../contracts/files.contract.ts';
import { workspacesContract } from '../contracts/workspaces.contract.ts';
import { FakeEngine } from '../fakes/engine.ts';
import { DEMO, IMAGE, OTHER_IMAGE, type DiskSetup, setUpDisk as setUp } from '../harness/disk-workspaces.ts';
import { OWN as OWNER } from '../harness/archives.ts';
import { smallDisk } from '../harness/small-disk.ts';

const run = promisify(execFile);
const newId = ulidSource();

for (const kind of ['directory', 'overlay'] as const) {
  workspacesContract(`workspaces of kind ${kind}`, () => setUp(kind));

  filesContract(`a stopped sandbox in a workspace of kind ${kind}`, async () => {
    const under = await setUp(kind);
    const id = newId();
    // A copied layer would lie in the app directory, which the contract expects to be empty.
    const template = kind === 'overlay' ? 'demo' : 'bare';
    const { home } = await under.workspaces.prepare(id, { ...DEMO, template });
    return {
      files: under.workspaces.files(id),
      home: home.kind === 'bind' ? home.path : home.upper,
      [Symbol.asyncDispose]: under[Symbol.asyncDispose],
    };
  });
}

describe('layers', () => {
  it('are extracted once per image and template, however many ask', async () => {
    await using under = await setUp('directory');
    await Promise.all(Array.from({ length: 8 }, () => under.workspaces.prepare(newId(), DEMO)));
    await under.workspaces.prepare(newId(), { ...DEMO, imageDigest: OTHER_IMAGE });
    await (await under.reopened()).warm(DEMO);
    expect(under.engine.calls.filter((call) => call.startsWith('extract'))).toHaveLength(2);
  });

  it('that nobody waits for any more are given up, and made when somebody does', async () => {
    await using under = await setUp('directory');
    const shutdown = new AbortController();
    const warming = under.workspaces.warm(DEMO, shutdown.signal);
    shutdown.abort(new Error('shutting down'));
    await expect(warming).rejects.toThrow('shutting down');
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
    await under.workspaces.warm(DEMO);
    expect(await readdir(join(under.data, 'layers', 'a'.repeat(16)))).toEqual(['demo']);
  });

  it('that were cut off midway are made anew, and their remains go with the next start', async () => {
    await using under = await setUp('directory');
    under.engine.failures.set('extract', new SandboxdError('node_unavailable', 'The engine went away.'));
    await expect(under.workspaces.warm(DEMO)).rejects.toMatchObject({ code: 'node_unavailable' });
    expect(await readdir(join(under.data, 'layers'))).toEqual([]);
    await mkdir(join(under.data, 'limbo/layer-of-a-killed-node'));
    const after = await under.reopened();
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
    await after.warm(DEMO);
    expect(await readdir(join(under.data, 'layers', 'a'.repeat(16)))).toEqual(['demo']);
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
  });

  it('come back when somebody clears them away below a workspace', async () => {
    await using under = await setUp('overlay');
    const id = newId();
    await under.workspaces.prepare(id, DEMO);
    await rm(join(under.data, 'layers'), { recursive: true });
    const { home } = await under.workspaces.prepare(id, DEMO);
    const tool = 'workspace/app/node_modules/tool.js';
    expect(await under.mounted(home, (path) => readFile(join(path, tool), 'utf8'))).toBe('prepared');
  });
});

describe('the kind of a workspace', () => {
  it.each([
    [true, 'overlay'],
    [false, 'directory'],
  ] as const)('is found out once: the engine can do overlays = %s', async (overlay, kind) => {
    await using under = await setUp('auto', overlay);
    expect(await under.workspaces.kind(IMAGE)).toBe(kind);
    const [id] = [newId(), await under.workspaces.prepare(newId(), DEMO)];
    expect((await under.workspaces.prepare(id, DEMO)).home.kind).toBe(overlay ? 'overlay' : 'bind');
    expect(under.engine.calls.filter((call) => call === 'probeOverlay')).toHaveLength(1);
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
  });

  it('is asked for again when the engine could not say', async () => {
    await using under = await setUp('auto', true);
    under.engine.failures.set('probeOverlay', new SandboxdError('node_unavailable', 'The engine went away.'));
    await expect(under.workspaces.kind(IMAGE)).rejects.toMatchObject({ code: 'node_unavailable' });
    expect(await under.workspaces.kind(IMAGE)).toBe('overlay');
  });

  it('stays with a workspace when the node’s changes', async () => {
    await using under = await setUp('directory');
    const id = newId();
    const made = await under.workspaces.prepare(id, DEMO);
    const later = new DiskWorkspaces({
      dataDirectory: under.data,
      engine: under.engine,
      kind: 'overlay',
      owner: OWNER,
    });
    await later.open();
    expect(await later.prepare(id, DEMO)).toEqual(made);
    expect((await later.prepare(newId(), DEMO)).home.kind).toBe('overlay');
  });
});

const inLimbo = ({ data }: DiskSetup) => readdir(join(data, 'limbo'));
const setUpArchive = async () => {
  const under = await setUp('directory');
  const id = newId();
  await under.workspaces.prepare(id, DEMO);
  return { under, id };
};

/** Of a sandbox in use. */
const live = (signal?: AbortSignal) =>
  ({ scope: 'snapshot', freeze: (work) => work(), ...(signal && { signal }) }) satisfies ArchiveOptions;

describe('an archive', () => {
  it('of a sandbox in use has nothing left in limbo when it was read', async () => {
    const { under, id } = await setUpArchive();
    await using _under = under;
    const { bytes } = await under.workspaces.archive(id, live());
    expect(await inLimbo(under)).toEqual([expect.stringMatching(/^archive-/)]);
    for await (const _chunk of bytes);
    expect(await inLimbo(under)).toEqual([]);
  });

  it('has nothing left there when it is not read to its end, not at all, or given up', async () => {
    const { under, id } = await setUpArchive();
    await using _under = under;
    for await (const _chunk of (await under.workspaces.archive(id, live())).bytes) break;
    expect(await inLimbo(under)).toEqual([]);

    const unread = await under.workspaces.archive(id, live());
    await unread.bytes[Symbol.asyncIterator]().return?.();
    expect(await inLimbo(under)).toEqual([]);

    const caller = new AbortController();
    await under.workspaces.archive(id, live(caller.signal));
    caller.abort(new Error('not wanted any more'));
    await expect.poll(() => inLimbo(under)).toEqual([]);
  });

  it('has nothing left there when the disk is full, and says that it is', async () => {
    const { under, id } = await setUpArchive();
    await using _under = under;
    const { home } = await under.workspaces.find(id);
    if (home.kind !== 'bind') throw new Error('A workspace of kind directory is one.');
    await writeFile(join(home.path, 'big'), Buffer.alloc(3 * 1024 ** 2, 1));
    const limbo = join(under.data, 'limbo');
    await using _disk = await smallDisk('1m', limbo);
    const attempt = under.workspaces.archive(id, live());
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', message: /disk is full/ });
    expect(await inLimbo(under)).toEqual([]);
  });
});

describe('a removal', () => {
  it('that was cut off midway is finished by its repetition', async () => {
    await using under = await setUp('directory');
    const id = newId();
    await mkdir(join(under.data, 'limbo', `${id}-1700000000000`, 'home'), { recursive: true });
    await under.workspaces.remove(id);
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
  });

  it('gets rid of a tree deeper than any path, and of what only root may touch', async () => {
    await using under = await setUp('directory');
    const id = newId();
    const { home } = await under.workspaces.prepare(id, DEMO);
    if (home.kind === 'bind')
      await run(
        'sh',
        ['-c', `n=${'d'.repeat(200)}; for i in $(seq 60); do mkdir $n && cd $n; done; mkdir -m 000 shut`],
        { cwd: join(home.path, 'workspace/app') },
      );
    const listed = await under.workspaces.files(id).list({ path: '', root: 'app', recursive: true });
    expect(listed.entries.length).toBeGreaterThan(10);
    await under.workspaces.remove(id);
    expect(await readdir(join(under.data, 'sandboxes'))).toEqual([]);
    expect(await readdir(join(under.data, 'limbo'))).toEqual([]);
  });

  it('of one sandbox leaves one whose id begins the same alone', async () => {
    await using under = await setUp('directory');
    const [id, other] = [newId(), newId()];
    await mkdir(join(under.data, 'limbo', `${other}-1`), { recursive: true });
    await under.workspaces.remove(id);
    expect(await readdir(join(under.data, 'limbo'))).toEqual([`${other}-1`]);
  });
});

const setUpFiles = async (kind: WorkspaceKind) => {
  const under = await setUp(kind);
  const id = newId();
  const { home } = await under.workspaces.prepare(id, DEMO);
  const upper = home.kind === 'bind' ? home.path : home.upper;
  return { under, home, id, app: join(upper, 'workspace/app'), upper, files: under.workspaces.files(id) };
};
const inApp = (path: string) => ({ path, root: 'app' as const });

describe('files of a stopped sandbox', () => {
  it('are given to the sandbox user, with their directories, and keep that', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sandboxd-owner-'));
    try {
      const engine = new FakeEngine();
      const workspaces = new DiskWorkspaces({ dataDirectory: root, engine, kind: 'directory' });
      await workspaces.open();
      const id = newId();
      const { home, controlDirectory, providerDirectory } = await workspaces.prepare(id, DEMO);
      if (home.kind !== 'bind') throw new Error('not a directory');
      const files = workspaces.files(id);
      await files.write({ ...inApp('src/main.js'), append: false }, Buffer.from('1'));
      await files.write({ ...inApp('src/main.js'), append: false }, Buffer.from('2'));
      const app = join(home.path, 'workspace/app');
      for (const path of [
        home.path,
        join(home.path, 'workspace'),
        app,
        controlDirectory,
        join(app, 'src'),
        join(app, 'src/main.js'),
      ]) {
        expect(await stat(path)).toMatchObject({ uid: 1000, gid: 1000 });
      }
      expect(await stat(providerDirectory)).toMatchObject({ uid: 0, gid: 0 });
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('read an absolute symlink as the sandbox does: below its home, never below the host’s', async () => {
    const { under, app, files } = await setUpFiles('directory');
    await using _under = under;
    await writeFile(join(app, 'real'), 'inside');
    await symlink('/home/sandbox/workspace/app/real', join(app, 'absolute'));
    await symlink('/home/sandbox/../../etc/passwd', join(app, 'climbing'));
    await symlink('/home/sandboxed', join(app, 'similar'));
    await symlink(join(app, 'real'), join(app, 'host'));
    expect(Buffer.from(await files.read(inApp('absolute'))).toString()).toBe('inside');
    for (const path of ['climbing', 'similar', 'host']) {
      await expect(files.read(inApp(path))).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it('do not include what an overlay has deleted, and do not bring it back', async () => {
    const { under, home, files } = await setUpFiles('overlay');
    await using _under = under;
    await under.mounted(home, (path) => rm(join(path, 'workspace/app/node_modules'), { recursive: true }));
    expect((await files.list({ ...inApp(''), recursive: true })).entries).toEqual([]);
    for (const attempt of [
      () => files.read(inApp('node_modules')),
      () => files.read(inApp('node_modules/tool.js')),
      () => files.delete(inApp('node_modules')),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
    }
    const below = files.write({ ...inApp('node_modules/tool.js'), append: false }, Buffer.from('x'));
    await expect(below).rejects.toMatchObject({ code: 'conflict' });
    await under.mounted(home, async (path) => {
      expect(await readdir(join(path, 'workspace/app'))).toEqual([]);
    });
  });

  it('can be where an overlay has deleted something', async () => {
    const { under, home, files } = await setUpFiles('overlay');
    await using _under = under;
    await under.mounted(home, (path) => rm(join(path, 'workspace/app/node_modules'), { recursive: true }));
    await files.write({ ...inApp('node_modules'), append: false }, Buffer.from('a file now'));
    await under.mounted(home, async (path) => {
      expect(await readFile(join(path, 'workspace/app/node_modules'), 'utf8')).toBe('a file now');
    });
  });

  it('get the prepared dependencies back when the changed ones are deleted', async () => {
    const { under, home, files } = await setUpFiles('overlay');
    await using _under = under;
    const modules = 'workspace/app/node_modules';
    await under.mounted(home, async (path) => {
      await writeFile(join(path, modules, 'tool.js'), 'changed');
      await writeFile(join(path, modules, 'added.js'), '');
    });
    await files.delete(inApp('node_modules'));
    await under.mounted(home, async (path) => {
      expect(await readdir(join(path, modules))).toEqual(['tool.js']);
      expect(await readFile(join(path, modules, 'tool.js'), 'utf8')).toBe('prepared');
    });
  });

  it('are read whatever their mode', async () => {
    const { under, app, files } = await setUpFiles('directory');
    await using _under = under;
    await writeFile(join(app, 'shut'), 'mine');
    await chmod(join(app, 'shut'), 0);
    expect(Buffer.from(await files.read(inApp('shut'))).toString()).toBe('mine');
    await files.write({ ...inApp('shut'), append: false }, Buffer.from('new'));
    expect((await lstat(join(app, 'shut'))).mode & 0o777).toBe(0);
    await chown(join(app, 'shut'), OWNER.uid, OWNER.gid);
  });

  it('that a crash left half-written are gone when the sandbox is prepared again', async () => {
    const { under, id } = await setUpFiles('directory');
    await using _under = under;
    const staging = join(under.data, 'sandboxes', id, 'staging');
    await writeFile(join(staging, 'half'), 'ha');
    await mkdir(join(staging, 'a-deleted-tree/deep'), { recursive: true });
    await under.workspaces.prepare(id, DEMO);
    expect(await readdir(staging)).toEqual([]);
  });

  it('fail without telling where they are', async () => {
    const { under, files, app } = await setUpFiles('directory');
    await using _under = under;
    await symlink('/etc', join(app, 'out'));
    for (const path of ['missing', 'out/passwd', 'n'.repeat(300)]) {
      const error = await files.read(inApp(path)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SandboxdError);
      expect((error as Error).message).not.toContain(under.data);
    }
  });
});
