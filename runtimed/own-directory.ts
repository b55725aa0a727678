import { lstat, mkdir, rm } from 'node:fs/promises';

/** Makes a directory of runtimed's own. Whatever else lies in its place is somebody's mistake, and makes way. */
export async function makeOwnDirectory(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) await rm(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
}
