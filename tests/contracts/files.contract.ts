import { execFile } from 'node:child_process';
import { linkSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxFiles } from '../../src/domain/files.ts';
import { APP_DIRECTORY, type FileRoot } from '../../src/domain/paths.ts';
import { MAX_READ_BYTES, MAX_WRITE_BYTES } from '../../src/domain/runtimed.ts';

export interface FilesUnderTest extends AsyncDisposable {
  readonly files: SandboxFiles;
  /** The sandbox's home as this test can reach it; its app directory is there. */
  readonly home: string;
}

const text = (content: string) => new TextEncoder().encode(content);
const inApp = (path: string) => ({ path, root: 'app' as FileRoot });
const inHome = (path: string) => ({ path, root: 'home' as FileRoot });

/** What file operations promise, whoever does them. */
export function filesContract(name: string, setUp: () => Promise<FilesUnderTest>): void {
  describe(`${name} keeps the contract of file operations`, () => {
    let under: FilesUnderTest;
    let files: SandboxFiles;
    let app: string;

    beforeEach(async () => {
      under = await setUp();
      files = under.files;
      app = join(under.home, APP_DIRECTORY);
    });
    afterEach(() => under[Symbol.asyncDispose]());

    const write = (path: string, content: string, append = false) =>
      files.write({ ...inApp(path), append }, text(content));
    const read = async (path: string) => new TextDecoder().decode(await files.read(inApp(path)));
    const list = async (path: string, recursive = false) =>
      (await files.list({ ...inApp(path), recursive })).entries;

    describe('writing', () => {
      it('makes a file and the directories it needs', async () => {
        await write('src/deep/App.tsx', 'hello');
        expect(await readFile(join(app, 'src/deep/App.tsx'), 'utf8')).toBe('hello');
        expect(await read('src/deep/App.tsx')).toBe('hello');
        expect((await stat(join(app, 'src/deep/App.tsx'))).mode & 0o777).toBe(0o644);
        expect((await stat(join(app, 'src'))).mode & 0o777).toBe(0o755);
      });

      it('replaces a file as a whole and keeps its mode', async () => {
        await writeFile(join(app, 'run.sh'), 'old and longer');
        await chmod(join(app, 'run.sh'), 0o755);
        const { ino } = await stat(join(app, 'run.sh'));
        await write('run.sh', 'new');
        const replaced = await stat(join(app, 'run.sh'));
        expect(replaced.mode & 0o777).toBe(0o755);
        expect(replaced.ino).not.toBe(ino);
        expect(await read('run.sh')).toBe('new');
        expect(await readdir(app)).toEqual(['run.sh']);
      });

      it('appends, making the file where there is none', async () => {
        await write('log', 'one\n', true);
        await write('log', 'two\n', true);
        expect(await read('log')).toBe('one\ntwo\n');
      });

      it('keeps any bytes, and none', async () => {
        const bytes = new Uint8Array([0, 255, 10, 13, 0xc3]);
        await files.write({ ...inApp('bytes'), append: false }, bytes);
        expect(new Uint8Array(await files.read(inApp('bytes')))).toEqual(bytes);
        await write('empty', '');
        expect(await read('empty')).toBe('');
      });

      it('is relative to the home directory when asked', async () => {
        await files.write({ ...inHome('notes.txt'), append: false }, text('mine'));
        expect(await readFile(join(under.home, 'notes.txt'), 'utf8')).toBe('mine');
        const { entries } = await files.list({ ...inHome(''), recursive: false });
        expect(entries).toContainEqual({ path: 'notes.txt', type: 'file', size: 4 });
      });

      it('goes through a symlink that stays inside, to the file it points at', async () => {
        await mkdir(join(app, 'v2'));
        await symlink('v2', join(app, 'current'));
        await symlink('v2/main.js', join(app, 'main.js'));
        await write('current/main.js', 'one');
        await write('main.js', 'two');
        expect(await readFile(join(app, 'v2/main.js'), 'utf8')).toBe('two');
        expect(await readlink(join(app, 'main.js'))).toBe('v2/main.js');
      });

      it('refuses more than the limit and leaves what was there', async () => {
        await write('big', 'small');
        const body = new Uint8Array(MAX_WRITE_BYTES + 1);
        const attempt = files.write({ ...inApp('big'), append: false }, body);
        await expect(attempt).rejects.toMatchObject({ code: 'payload_too_large' });
        expect(await read('big')).toBe('small');
        await files.write({ ...inApp('full'), append: false }, body.subarray(1));
        expect((await stat(join(app, 'full'))).size).toBe(MAX_WRITE_BYTES);
      });

      it('refuses to be a directory, or to have a file for one', async () => {
        await write('src/file', 'content');
        await expect(write('src', 'x')).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(write('src/file/below', 'x')).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await read('src/file')).toBe('content');
      });

      it('refuses a name that no file system takes', async () => {
        await expect(write('n'.repeat(300), 'x')).rejects.toMatchObject({ code: 'invalid_request' });
      });
    });

    describe('reading', () => {
      it('finds nothing where nothing is', async () => {
        for (const path of ['missing', 'missing/too']) {
          await expect(read(path)).rejects.toMatchObject({ code: 'not_found' });
        }
      });

      it('refuses what is no file, at once', async () => {
        await mkdir(join(app, 'src'));
        await promisify(execFile)('mkfifo', [join(app, 'pipe')]);
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(join(app, 'socket'), resolve));
        try {
          for (const path of ['src', 'pipe', 'socket']) {
            await expect(read(path)).rejects.toMatchObject({ code: 'invalid_request' });
          }
          await expect(write('pipe', 'x')).rejects.toMatchObject({ code: 'invalid_request' });
        } finally {
          server.close();
        }
      });

      it('refuses a file over the limit', async () => {
        await writeFile(join(app, 'big'), '');
        await truncate(join(app, 'big'), MAX_READ_BYTES);
        expect((await files.read(inApp('big'))).byteLength).toBe(MAX_READ_BYTES);
        await truncate(join(app, 'big'), MAX_READ_BYTES + 1);
        await expect(read('big')).rejects.toMatchObject({ code: 'payload_too_large' });
      });
    });

    describe('listing', () => {
      it('tells type and size, sorted by path, deep only when asked', async () => {
        await write('src/b.ts', 'bb');
        await write('src/a/c.ts', 'c');
        await write('README.md', 'readme');
        await symlink('src', join(app, 'link'));
        expect(await list('')).toEqual([
          { path: 'README.md', type: 'file', size: 6 },
          { path: 'link', type: 'symlink' },
          { path: 'src', type: 'directory' },
        ]);
        expect(await list('', true)).toEqual([
          { path: 'README.md', type: 'file', size: 6 },
          { path: 'link', type: 'symlink' },
          { path: 'src', type: 'directory' },
          { path: 'src/a', type: 'directory' },
          { path: 'src/a/c.ts', type: 'file', size: 1 },
          { path: 'src/b.ts', type: 'file', size: 2 },
        ]);
        expect(await list('src')).toEqual([
          { path: 'src/a', type: 'directory' },
          { path: 'src/b.ts', type: 'file', size: 2 },
        ]);
      });

      it('says what it listed', async () => {
        await mkdir(join(app, 'src'));
        expect(await files.list({ ...inApp('src'), recursive: true })).toEqual({
          path: 'src',
          recursive: true,
          entries: [],
        });
      });

      it('leaves out generated directories at any depth, and what runtimed keeps', async () => {
        for (const path of ['node_modules/react', '.git', 'packages/a/dist', 'packages/a/src', '.runtimed']) {
          await mkdir(join(app, path), { recursive: true });
        }
        await write('dist.txt', '');
        await mkdir(join(under.home, '.runtimed'), { recursive: true });
        expect((await list('', true)).map(({ path }) => path)).toEqual([
          'dist.txt',
          'packages',
          'packages/a',
          'packages/a/src',
        ]);
        const home = await files.list({ ...inHome(''), recursive: false });
        expect(home.entries).toEqual([{ path: 'workspace', type: 'directory' }]);
      });

      it('lists a file of a generated directory’s name', async () => {
        await write('dist', 'not a directory');
        expect(await list('')).toEqual([{ path: 'dist', type: 'file', size: 15 }]);
      });

      it('never enters a symlink', async () => {
        await mkdir(join(app, 'loop'));
        await symlink('..', join(app, 'loop/up'));
        await symlink('/', join(app, 'root'));
        expect(await list('', true)).toEqual([
          { path: 'loop', type: 'directory' },
          { path: 'loop/up', type: 'symlink' },
          { path: 'root', type: 'symlink' },
        ]);
      });

      it('needs a directory', async () => {
        await write('file', '');
        await expect(list('file')).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(list('missing')).rejects.toMatchObject({ code: 'not_found' });
      });

      it('refuses to tell more than it can', async () => {
        await mkdir(join(app, 'many'));
        await writeFile(join(app, 'many/0'), '');
        for (let each = 1; each <= 20_000; each += 1)
          linkSync(join(app, 'many/0'), join(app, `many/${each}`));
        await expect(list('many')).rejects.toMatchObject({ code: 'payload_too_large' });
        await expect(list('', true)).rejects.toMatchObject({ code: 'payload_too_large' });
      });
    });

    describe('deleting', () => {
      it('removes a file', async () => {
        await write('file', '');
        await files.delete(inApp('file'));
        expect(await readdir(app)).toEqual([]);
      });

      it('removes a directory with all that is in it', async () => {
        await write('src/a/b/c', '');
        await files.delete(inApp('src'));
        expect(await readdir(app)).toEqual([]);
      });

      it('removes a symlink, wherever it leads, and nothing behind it', async () => {
        await write('kept/file', 'kept');
        await symlink('kept', join(app, 'inside'));
        await symlink('/etc', join(app, 'outside'));
        await symlink('/no/such', join(app, 'broken'));
        for (const path of ['inside', 'outside', 'broken']) await files.delete(inApp(path));
        expect(await readdir(app)).toEqual(['kept']);
        expect(await read('kept/file')).toBe('kept');
        expect((await stat('/etc')).isDirectory()).toBe(true);
      });

      it('finds nothing where nothing is', async () => {
        await expect(files.delete(inApp('missing'))).rejects.toMatchObject({ code: 'not_found' });
        await expect(files.delete(inApp('missing/too'))).rejects.toMatchObject({ code: 'not_found' });
      });
    });

    describe('a path that must not be', () => {
      const malformed = [
        '../x',
        'a/../../x',
        '/etc/passwd',
        'a//b',
        './a',
        'a/',
        'a\0b',
        '.runtimed',
        '.runtimed/x',
        'a/.runtimed/b',
      ];

      it.each(malformed)('is refused: %j', async (path) => {
        for (const attempt of [
          () => read(path),
          () => write(path, 'x'),
          () => files.delete(inApp(path)),
          () => list(path),
        ]) {
          await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request' });
        }
        expect(await readdir(app)).toEqual([]);
      });

      it('is refused when it is empty, except for a listing', async () => {
        expect(await list('')).toEqual([]);
        for (const attempt of [() => read(''), () => write('', 'x'), () => files.delete(inApp(''))]) {
          await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request' });
        }
      });
    });

    describe('a symlink that leads out', () => {
      let outside: string;
      beforeEach(async () => {
        outside = `${under.home}-outside`;
        await mkdir(outside);
        await writeFile(join(outside, 'secret'), 'secret');
      });
      afterEach(() => rm(outside, { recursive: true }));

      const traps: Record<string, (target: string) => Promise<string>> = {
        'is a directory on the way': async (target) => {
          await symlink(target, join(app, 'trap'));
          return 'trap/secret';
        },
        'is the file itself': async (target) => {
          await symlink(join(target, 'secret'), join(app, 'trap'));
          return 'trap';
        },
        climbs: async (target) => {
          await symlink(`../../../${target.split('/').at(-1)}/secret`, join(app, 'trap'));
          return 'trap';
        },
        'hides behind another': async (target) => {
          await symlink(target, join(app, 'second'));
          await mkdir(join(app, 'dir'));
          await symlink('../second', join(app, 'dir/first'));
          return 'dir/first/secret';
        },
      };

      it.each(Object.keys(traps))('is not followed when it %s', async (kind) => {
        const path = (await traps[kind]?.(outside)) ?? '';
        await expect(read(path)).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(write(path, 'changed')).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(write(path, 'changed', true)).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
        expect(await readdir(outside)).toEqual(['secret']);
      });

      it('is not followed to delete something', async () => {
        await symlink(outside, join(app, 'trap'));
        await expect(files.delete(inApp('trap/secret'))).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await readdir(outside)).toEqual(['secret']);
      });

      it('lists nothing, and makes nothing', async () => {
        await symlink(outside, join(app, 'trap'));
        await expect(list('trap', true)).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(write('trap/new/file', 'x')).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await readdir(outside)).toEqual(['secret']);
      });

      it('is refused in the place of the app directory too', async () => {
        await rm(app, { recursive: true });
        await symlink(outside, app);
        await expect(read('secret')).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(list('')).rejects.toMatchObject({ code: 'invalid_request' });
        await rm(app);
      });
    });

    it('refuses a symlink to itself, and one to what is reserved', async () => {
      await symlink('loop', join(app, 'loop'));
      await mkdir(join(under.home, '.runtimed'));
      await symlink('../../.runtimed', join(app, 'logs'));
      for (const path of ['loop', 'loop/x', 'logs/web.log']) {
        await expect(read(path)).rejects.toMatchObject({ code: 'invalid_request' });
        await expect(write(path, 'x')).rejects.toMatchObject({ code: 'invalid_request' });
      }
      expect(await readdir(join(under.home, '.runtimed'))).toEqual([]);
      expect((await lstat(join(app, 'loop'))).isSymbolicLink()).toBe(true);
    });

    it('makes the app directory anew when it is written to', async () => {
      await rm(app, { recursive: true });
      await expect(list('')).rejects.toMatchObject({ code: 'not_found' });
      await write('main.js', 'new');
      expect(await read('main.js')).toBe('new');
    });

    it('leaves no temporary file, whatever many writers do at once', async () => {
      const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(1000));
      await Promise.all(contents.map((content) => write('contended', content)));
      expect(contents).toContain(await read('contended'));
      expect(await readdir(app)).toEqual(['contended']);
    });
  });
}
