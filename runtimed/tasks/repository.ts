import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { readText } from '../boot/app-package.ts';
import { makeOwnDirectory } from '../own-directory.ts';

/** What git needs to take a directory for a repository, and to save every file as it is. */
const FILES: readonly (readonly [directory: string, name: string, content: string])[] = [
  ['', 'HEAD', 'ref: refs/heads/none\n'],
  ['', 'config', '[core]\n\trepositoryformatversion = 0\n\tbare = false\n'],
  // These come before whatever the app's own attributes say.
  ['info', 'attributes', '* -text -filter -ident -working-tree-encoding -eol !diff !merge\n'],
];
const DIRECTORIES = ['objects', 'refs', 'info'];
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
}

export async function removeLocks(path: string): Promise<void> {
  for (const name of LOCKS) await rm(join(path, name), { recursive: true, force: true });
}

export const removeIndex = (path: string): Promise<void> =>
  rm(join(path, 'index'), { recursive: true, force: true });

export const removeRepository = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
