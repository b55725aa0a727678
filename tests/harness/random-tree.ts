import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, readdir, readlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The same numbers every time, so that a failure can be looked at. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Files, directories, symlinks and hard links with odd names, modes and times: the same for the same seed. */
export async function randomTree(root: string, seed: number): Promise<void> {
  const source = numbers(seed);
  const next = (below: number) => Math.floor(source.next().value * below);
  const directories = [root];
  const files: string[] = [];
  for (let made = 0; made < 150; made += 1) {
    const parent = directories[next(directories.length)] ?? root;
    const path = join(parent, `${made}${'ä -~'.charAt(next(4))}${'n'.repeat(next(120))}`);
    const kind = next(10);
    if (kind < 3) await mkdir(path, { mode: 0o700 + next(0o77) });
    else if (kind < 8) await writeFile(path, 'c'.repeat(next(3000)), { mode: 0o600 + next(0o177) });
    else if (kind === 8) execFileSync('ln', ['-s', `../${'t'.repeat(next(150) + 1)}`, path]);
    else if (files.length > 0) execFileSync('ln', [files[next(files.length)] ?? '', path]);
    else continue;
    if (kind < 3) directories.push(path);
    else if (kind < 8) files.push(path);
  }
  for (const [at, path] of [...files, ...directories.toReversed()].entries())
    await utimes(path, at, 1e9 + at);
}

/** Everything that an archive of any format keeps of a tree. */
export async function describeTree(root: string): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const path of await readdir(root, { recursive: true })) {
    const at = join(root, path);
    const found = await lstat(at);
    const { mode, nlink } = found;
    const seconds = Math.floor(found.mtimeMs / 1000);
    if (found.isSymbolicLink()) all[path] = { target: await readlink(at), seconds };
    else if (found.isFile()) all[path] = { mode, nlink, seconds, content: await readFile(at, 'utf8') };
    else all[path] = { mode, seconds };
  }
  return all;
}
