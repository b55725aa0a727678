import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ulidSource } from '../../src/domain/ids.ts';
import { expectedOf, file, inPieces, tarOf, zstdOf } from '../harness/archives.ts';
import { zipContents } from '../harness/zips.ts';
import type { ArchiveOptions, HomeMount, Workspaces } from '../../src/domain/workspace.ts';

export interface WorkspacesUnderTest extends AsyncDisposable {
  readonly workspaces: Workspaces;
  /** An image whose template `demo` has `workspace/app/node_modules/tool.js` prepared, and whose `bare` has nothing. */
  readonly imageDigest: string;
  readonly otherImageDigest: string;
  /** As the engine would mount it. */
  mounted<T>(home: HomeMount, use: (path: string) => Promise<T>): Promise<T>;
  /** The same data directory after a crash. */
  reopened(): Promise<Workspaces>;
}

const newId = ulidSource();

/** What every kind of workspace promises. */
export function workspacesContract(name: string, setUp: () => Promise<WorkspacesUnderTest>): void {
  describe(`${name} keep the contract of workspaces`, () => {
    let under: WorkspacesUnderTest;
    let workspaces: Workspaces;
    let id: string;
    let demo: { imageDigest: string; template: string };

    beforeEach(async () => {
      under = await setUp();
      workspaces = under.workspaces;
      id = newId();
      demo = { imageDigest: under.imageDigest, template: 'demo' };
    });
    afterEach(() => under[Symbol.asyncDispose]());

    it('come with an app directory, prepared dependencies, and a control directory of the sandbox’s own', async () => {
      const { home, controlDirectory } = await workspaces.prepare(id, demo);
      expect((await stat(controlDirectory)).mode & 0o777).toBe(0o700);
      await under.mounted(home, async (path) => {
        expect(await readdir(join(path, 'workspace/app'))).toEqual(['node_modules']);
        const tool = join(path, 'workspace/app/node_modules/tool.js');
        expect(await readFile(tool, 'utf8')).toBe('prepared');
      });
    });

    it('come with a directory that is the node’s alone to write to, also where an older version left none', async () => {
      const { providerDirectory } = await workspaces.prepare(id, demo);
      const own = { uid: process.getuid?.(), mode: 0o40755 };
      expect(await stat(providerDirectory)).toMatchObject(own);
      for (const again of [() => workspaces.find(id), () => workspaces.prepare(id, demo)]) {
        await rmdir(providerDirectory);
        expect((await again()).providerDirectory).toBe(providerDirectory);
        expect(await stat(providerDirectory)).toMatchObject(own);
      }
      await workspaces.remove(id);
      await expect(stat(providerDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('are empty for a template without prepared dependencies', async () => {
      const { home } = await workspaces.prepare(id, { ...demo, template: 'bare' });
      await under.mounted(home, async (path) => {
        expect(await readdir(join(path, 'workspace/app'))).toEqual([]);
      });
    });

    it('do not share what their sandboxes change', async () => {
      const other = newId();
      const [first, second] = [await workspaces.prepare(id, demo), await workspaces.prepare(other, demo)];
      const tool = 'workspace/app/node_modules/tool.js';
      await under.mounted(first.home, (path) => writeFile(join(path, tool), 'changed'));
      await under.mounted(first.home, async (path) => {
        expect(await readFile(join(path, tool), 'utf8')).toBe('changed');
      });
      await under.mounted(second.home, async (path) => {
        expect(await readFile(join(path, tool), 'utf8')).toBe('prepared');
      });
    });

    it('are found again, and keep what they were made from when the image is another', async () => {
      const made = await workspaces.prepare(id, demo);
      await under.mounted(made.home, (path) => writeFile(join(path, 'workspace/app/main.js'), 'mine'));
      expect(await workspaces.prepare(id, { imageDigest: under.otherImageDigest, template: 'bare' })).toEqual(
        made,
      );
      expect(await workspaces.find(id)).toEqual(made);
      await under.mounted(made.home, async (path) => {
        expect(await readFile(join(path, 'workspace/app/main.js'), 'utf8')).toBe('mine');
      });
    });

    it('are listed from preparation to removal, of which nothing remains', async () => {
      expect(await workspaces.list()).toEqual([]);
      const { controlDirectory } = await workspaces.prepare(id, demo);
      expect(await workspaces.list()).toEqual([id]);
      await workspaces.remove(id);
      await workspaces.remove(id);
      expect(await workspaces.list()).toEqual([]);
      await expect(stat(controlDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(workspaces.find(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(workspaces.usage(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(workspaces.files(id).read({ path: 'x', root: 'app' })).rejects.toMatchObject({
        code: 'not_found',
      });
    });

    it('can be made anew after a removal, empty', async () => {
      const { home } = await workspaces.prepare(id, demo);
      await under.mounted(home, (path) => writeFile(join(path, 'old'), ''));
      await workspaces.remove(id);
      const again = await workspaces.prepare(id, demo);
      await under.mounted(again.home, async (path) => {
        expect(await readdir(path)).toEqual(['workspace']);
      });
    });

    it('lie in the trash for as long as they are young there', async () => {
      await workspaces.prepare(id, demo);
      const before = Date.now();
      await workspaces.moveToTrash(id);
      await workspaces.moveToTrash(id);
      expect(await workspaces.list()).toEqual([]);
      expect(await workspaces.emptyTrash(before)).toBe(0);
      expect(await workspaces.emptyTrash(Date.now() + 1)).toBe(1);
      expect(await workspaces.emptyTrash(Date.now() + 1)).toBe(0);
    });

    it('survive a restart of the node, which clears away only what was never whole', async () => {
      const made = await workspaces.prepare(id, demo);
      const after = await under.reopened();
      expect(await after.list()).toEqual([id]);
      expect(await after.prepare(id, demo)).toEqual(made);
    });

    it('begin with archived content, which is opened only for one that must be made', async () => {
      const archive = zstdOf(await tarOf(file('note', 'archived')));
      const expected = expectedOf(archive);
      let opened = 0;
      const content = async () => {
        opened += 1;
        return { bytes: inPieces(archive), expected, onWarning: () => undefined };
      };
      const made = await workspaces.prepare(id, demo, content);
      await under.mounted(made.home, async (path) => {
        expect((await readdir(path)).toSorted()).toEqual(['note', 'workspace']);
        expect(await readFile(join(path, 'note'), 'utf8')).toBe('archived');
        expect(await readdir(join(path, 'workspace/app'))).toEqual(['node_modules']);
      });
      expect(await workspaces.prepare(id, demo, content)).toEqual(made);
      expect(opened).toBe(1);
    });

    it('are not there when their content was refused, and can be made then', async () => {
      const archive = zstdOf(await tarOf(file('note', 'archived')));
      const expected = { ...expectedOf(archive), sha256: '0'.repeat(64) };
      const content = async () => ({ bytes: inPieces(archive), expected, onWarning: () => undefined });
      const refused = workspaces.prepare(id, demo, content);
      await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await workspaces.list()).toEqual([]);
      await workspaces.prepare(id, demo);
      expect(await workspaces.list()).toEqual([id]);
    });

    it('say what their own files take, without the shared ones', async () => {
      const { home } = await workspaces.prepare(id, demo);
      const before = await workspaces.usage(id);
      await under.mounted(home, (path) => writeFile(join(path, 'big'), Buffer.alloc(3 * 1024 ** 2, 1)));
      const grown = (await workspaces.usage(id)) - before;
      expect(grown).toBeGreaterThanOrEqual(3 * 1024 ** 2);
      expect(grown).toBeLessThan(4 * 1024 ** 2);
    });

    it('are prepared many at a time', async () => {
      const ids = Array.from({ length: 5 }, () => newId());
      await Promise.all([workspaces.warm(demo), ...ids.map((each) => workspaces.prepare(each, demo))]);
      expect((await workspaces.list()).toSorted()).toEqual(ids);
    });

    it('show their files while the sandbox is stopped, and take changes', async () => {
      const { home } = await workspaces.prepare(id, demo);
      await under.mounted(home, async (path) => {
        await mkdir(join(path, 'workspace/app/src'));
        await writeFile(join(path, 'workspace/app/src/main.js'), 'running');
      });
      const files = workspaces.files(id);
      expect((await files.list({ path: '', root: 'app', recursive: true })).entries).toEqual([
        { path: 'src', type: 'directory' },
        { path: 'src/main.js', type: 'file', size: 7 },
      ]);
      await files.write({ path: 'src/main.js', root: 'app', append: false }, Buffer.from('stopped'));
      await under.mounted(home, async (path) => {
        expect(await readFile(join(path, 'workspace/app/src/main.js'), 'utf8')).toBe('stopped');
        expect(await readdir(join(path, 'workspace/app/node_modules'))).toEqual(['tool.js']);
      });
    });

    const archived = async (options: Partial<ArchiveOptions> = {}) => {
      const archive = await workspaces.archive(id, { scope: 'snapshot', ...options });
      let sizeBytes = 0;
      for await (const bytes of archive.bytes) sizeBytes += bytes.byteLength;
      expect(archive.facts().sizeBytes).toBe(sizeBytes);
      return archive.facts();
    };

    it('are archived at rest and in use, without what is generated and what is runtimed’s own', async () => {
      const { home } = await workspaces.prepare(id, demo);
      const empty = await archived();
      expect(empty).toMatchObject({
        fileCount: 0,
        contentBytes: 0,
        warnings: [],
        baseImage: under.imageDigest,
      });
      await under.mounted(home, async (path) => {
        await writeFile(join(path, 'workspace/app/main.js'), 'main');
        await mkdir(join(path, '.runtimed/tasks'), { recursive: true });
        await writeFile(join(path, '.runtimed/tasks/1'), 'not for a copy');
      });
      const full = await archived();
      expect(full).toMatchObject({ fileCount: 1, contentBytes: 4, warnings: [] });
      expect(full.entryCount).toBeGreaterThan(full.fileCount);
      expect(await archived({ scope: 'backup' })).toMatchObject({ fileCount: 2 });
      let isStill = false;
      const freeze = async <T>(work: () => Promise<T>): Promise<T> => {
        isStill = true;
        return work().finally(() => (isStill = false));
      };
      const live = await archived({ freeze });
      expect(isStill).toBe(false);
      expect({ fileCount: live.fileCount, contentBytes: live.contentBytes }).toEqual({
        fileCount: 1,
        contentBytes: 4,
      });
    });

    it('are archived to the end when they were copied aside, also after they were removed', async () => {
      const { home } = await workspaces.prepare(id, demo);
      // More than is read ahead of who reads.
      const [count, size] = [8, 2 * 1024 ** 2];
      await under.mounted(home, async (path) => {
        for (let at = 0; at < count; at += 1) await writeFile(join(path, `note-${at}`), randomBytes(size));
      });
      const archive = await workspaces.archive(id, { scope: 'snapshot', freeze: (work) => work() });
      await workspaces.remove(id);
      for await (const _ of archive.bytes);
      expect(archive.facts()).toMatchObject({ fileCount: count, contentBytes: count * size, warnings: [] });
    });

    it('are exported as the app alone, also after they were removed', async () => {
      const { home } = await workspaces.prepare(id, demo);
      await under.mounted(home, async (path) => {
        await writeFile(join(path, 'workspace/app/main.js'), 'main');
        await writeFile(join(path, 'beside'), 'not of the app');
      });
      const exported = await workspaces.export(id, { freeze: (work) => work() });
      await workspaces.remove(id);
      expect(zipContents(await buffer(exported))).toMatchObject({ 'main.js': 'main' });
      const attempt = workspaces.export(id, { freeze: (work) => work() });
      await expect(attempt).rejects.toMatchObject({ code: 'not_found' });
    });

    it('are not archived when they do not exist, nor against the signal', async () => {
      const attempt = workspaces.archive(id, { scope: 'snapshot' });
      await expect(attempt).rejects.toMatchObject({ code: 'not_found' });
      await workspaces.prepare(id, demo);
      const signal = AbortSignal.abort(new Error('not wanted any more'));
      await expect(archived({ signal })).rejects.toThrow('not wanted any more');
    });

    it('go on when they could not be made to stand still', async () => {
      await workspaces.prepare(id, demo);
      const attempt = archived({ freeze: () => Promise.reject(new Error('cannot be frozen')) });
      await expect(attempt).rejects.toThrow('cannot be frozen');
      expect(await archived()).toMatchObject({ fileCount: 0 });
    });

    it.each(['../x', '', '/etc', 'a/b', 'l'.repeat(26)])('are none for %j', async (hostile) => {
      for (const attempt of [
        async () => workspaces.prepare(hostile, demo),
        async () => workspaces.find(hostile),
        async () => workspaces.remove(hostile),
        async () => workspaces.moveToTrash(hostile),
        async () => workspaces.usage(hostile),
        async () => workspaces.archive(hostile, { scope: 'snapshot' }),
        async () => workspaces.files(hostile),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request' });
      }
    });

    it.each(['../demo', '', '/demo', 'Demo', 'a/b', '.'])('have no template %j', async (template) => {
      const attempt = workspaces.prepare(id, { ...demo, template });
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await workspaces.list()).toEqual([]);
    });
  });
}
