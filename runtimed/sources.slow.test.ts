import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint, MAX_SOURCES } from './sources.ts';
import { writeFiles } from './testing/sandbox.ts';
import { temporaryDirectory } from './testing/temporary.ts';

async function tree() {
  const directory = await temporaryDirectory();
  await writeFiles(directory.path, { 'a.ts': 'a', 'src/b.ts': 'b', 'node_modules/x/index.js': '' });
  return directory;
}

describe('the fingerprint of an app', () => {
  it('stays as long as nothing changes', async () => {
    await using directory = await tree();
    expect(await fingerprint(directory.path)).toBe(await fingerprint(directory.path));
  });

  it.each([
    ['a file is edited', (path: string) => writeFile(join(path, 'src/b.ts'), 'c')],
    ['a file is added', (path: string) => writeFile(join(path, 'src/new.ts'), '')],
    ['an empty directory is added', (path: string) => mkdir(join(path, 'src/new'))],
    ['a file is deleted', (path: string) => rm(join(path, 'a.ts'))],
    ['a file is renamed', (path: string) => rename(join(path, 'a.ts'), join(path, 'b.ts'))],
    ['a file may be run', (path: string) => chmod(join(path, 'a.ts'), 0o755)],
    ['a link is added', (path: string) => symlink('a.ts', join(path, 'link'))],
    ['it is gone', (path: string) => rm(path, { recursive: true })],
  ])('is another when %s', async (_, change) => {
    await using directory = await tree();
    const before = await fingerprint(directory.path);
    await change(directory.path);
    expect(await fingerprint(directory.path)).not.toBe(before);
  });

  it('does not depend on what tools write', async () => {
    await using directory = await tree();
    const before = await fingerprint(directory.path);
    await writeFiles(directory.path, { 'node_modules/x/index.js': 'x', '.git/HEAD': '', 'src/.venv/a': '' });
    expect(await fingerprint(directory.path)).toBe(before);
  });

  it('is found in time in a tree that is made to be large, deep, or odd', async () => {
    await using directory = await tree();
    const { path } = directory;
    await symlink('/', join(path, 'root'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    execFileSync(
      'bash',
      ['-c', `mkdir -p ${'d/'.repeat(300)}; mkdir many; cd many; touch {1..${MAX_SOURCES}}`],
      {
        cwd: path,
      },
    );
    const before = await fingerprint(path);
    expect(await fingerprint(path)).toBe(before);
    await writeFile(join(path, 'a.ts'), 'another');
    expect(await fingerprint(path)).not.toBe(before);
  });
});
