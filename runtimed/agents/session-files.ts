import { readdir } from 'node:fs/promises';

/** Whether there is a file below a directory whose name ends so; false also when it cannot be looked at. */
export async function hasFile(directory: string, ending: string): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.isFile() && entry.name.endsWith(ending));
}
