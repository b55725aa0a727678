import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { readText } from '../boot/app-package.ts';
import { makeOwnDirectory } from '../own-directory.ts';
import { isFile } from '../regular-file.ts';

/** What git needs to take a directory for a repository, and to save every file as it is. */
const FILES: readonly (readonly [directory: string, name: string, content: string])[] = [
  ['', 'HEAD', 'ref: refs/heads/none\n'],
  ['', 'config', '[core]\n\trepositoryformatversion = 0\n\tbare = false\n'],
  // These come before whatever the app's own attributes say.
  ['info', 'attributes', '* -text -filter -ident -working-tree-encoding -eol !diff !merge\n'],
];
const DIRECTORIES = ['objects', 'refs', 'info'];
/** What git makes itself. A FIFO in its place would be waited for. */
const MADE = ['index', 'packed-refs'];
/** What a git that was killed leaves behind. There is only ever one at work here. */
const LOCKS = ['index.lock', 'index.restore.lock', 'packed-refs.lock', 'HEAD.lock', 'config.lock'];

/** Makes a repository, or mends one as far as its bare existence goes. What is right is not touched. */
export async function makeRepository(path: string): Promise<void> {
  await makeOwnDirectory(path);
  for (const name of DIRECTORIES) await makeOwnDirectory(join(path, name));
  for (const [directory, name, content] of FILES) {
    const place = join(path, directory);
    if ((await readText(join(place, name))) !== content) await writeDurably(place, name, content);
  }
  for (const name of MADE) {
    const file = join(path, name);
    if (!(await isFile(file))) await rm(file, { recursive: true, force: true });
  }
}

export async function removeLocks(path: string): Promise<void> {
  for (const name of LOCKS) await rm(join(path, name), { recursive: true, force: true });
}

/** A way to go on where a repository may be broken. */
export type Mend = (path: string) => Promise<void>;

/** The index only saves time. */
export const removeIndex: Mend = (path) => rm(join(path, 'index'), { recursive: true, force: true });

/** A new repository lacks the older checkpoints. */
export const removeRepository: Mend = (path) => rm(path, { recursive: true, force: true });
