import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ATTRIBUTE_READER } from '../../archive/overlay.ts';
import { mustRun } from '../command.ts';

/**
 * Whole trees are left to the system's own tools, which cope with any depth and number: a tenant can make a tree whose
 * paths are longer than any path may be.
 */

/** For the largest tree on a slow disk. */
const DEADLINE = { deadlineMs: 30 * 60_000 };

/** Removes files and directories with all that is in them; none is fine. */
export async function removeTrees(paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await mustRun('rm', ['-rf', '--', ...paths], DEADLINE);
}

/** Removes what is in a directory, as far as its name is chosen. */
export async function removeWithin(directory: string, isChosen = (_name: string) => true): Promise<void> {
  const names = await readdir(directory);
  await removeTrees(names.filter(isChosen).map((name) => join(directory, name)));
}

/** Copies the contents of a directory, sharing blocks where the file system can. */
export async function copyContents(from: string, to: string): Promise<void> {
  await mustRun('cp', ['-a', '--reflink=auto', '--', `${from}/.`, to], DEADLINE);
}

/** Removes what an overlay keeps in the place of what was deleted: the only devices that a tenant's tree can hold. */
export async function removeWhiteouts(directory: string): Promise<void> {
  await mustRun('find', [directory, '-xdev', '-type', 'c', '-delete'], DEADLINE);
}

/** Whether a directory of an upper hides what the layers below have there. */
export async function isOpaque(directory: string): Promise<boolean> {
  const { program, argsFor, saysOpaque } = ATTRIBUTE_READER;
  return saysOpaque(await mustRun(program, argsFor(directory)));
}

/** Returns when everything on the file system of this path is on disk. */
export async function syncFileSystem(path: string): Promise<void> {
  await mustRun('sync', ['-f', path], DEADLINE);
}

/** Bytes that a tree takes on its own file system. */
export async function measureTree(path: string): Promise<number> {
  const output = await mustRun('du', ['-skx', '--', path], DEADLINE);
  const kibibytes = Number.parseInt(output, 10);
  if (Number.isNaN(kibibytes)) throw new Error(`du said: ${output.slice(0, 200)}`);
  return kibibytes * 1024;
}
