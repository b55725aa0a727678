import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GENERATED_DIRECTORIES, RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { isAbsent } from '../regular-file.ts';

/**
 * Whether a directory holds nothing of anybody's: no file at any depth, save for what tools generate. A layer of
 * prepared dependencies is such a thing, and so are the directories that lead to it.
 */
export async function isVacant(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  for (const entry of entries) {
    if (!entry.isDirectory()) return false;
    if (GENERATED_DIRECTORIES.has(entry.name) || entry.name === RESERVED_DIRECTORY) continue;
    if (!(await isVacant(join(directory, entry.name)))) return false;
  }
  return true;
}
