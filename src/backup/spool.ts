import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory for files on their way out, gone when it is disposed of. */
export interface Spool extends AsyncDisposable {
  path(name: string): string;
}

/** Where they are made, below a data directory: on the file system that has the room for them. */
const spools = (dataDir: string): string => join(dataDir, 'spool');

export async function openSpool(dataDir: string): Promise<Spool> {
  await mkdir(spools(dataDir), { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(spools(dataDir), 'backup-'));
  return {
    path: (name) => join(directory, name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Removes what a crash left. None may be in use: call this with the data directory claimed. */
export const clearSpools = (dataDir: string): Promise<void> =>
  rm(spools(dataDir), { recursive: true, force: true });
