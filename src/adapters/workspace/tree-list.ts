import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { MAX_LISTED_ENTRIES, byPath, fileErrors, isUnlisted } from '../../domain/files.ts';
import type { FileEntry } from '../../domain/runtimed.ts';
import { errnoOf } from '../../host/errno.ts';

/**
 * The entries of a directory, or of the whole tree below it. Whiteouts, sockets, pipes and devices are nothing that
 * can be read here.
 * @param prefix what the entries' paths begin with; empty for the root
 * @throws payload_too_large for more entries than can be told
 */
export async function listTree(directory: string, prefix: string, recursive: boolean): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  const pending = [{ at: directory, prefix }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of await listOne(next.at, next.prefix, MAX_LISTED_ENTRIES - entries.length)) {
      entries.push(entry);
      if (!recursive || entry.type !== 'directory') continue;
      pending.push({
        at: `${next.at}/${entry.path.slice(entry.path.lastIndexOf('/') + 1)}`,
        prefix: entry.path,
      });
    }
  }
  return entries.toSorted(byPath);
}

async function listOne(directory: string, prefix: string, room: number): Promise<FileEntry[]> {
  const found: { name: string; type: FileEntry['type'] }[] = [];
  for await (const entry of await openTolerantly(directory)) {
    const type = typeOf(entry);
    if (type === undefined || isUnlisted(entry.name, type)) continue;
    if (found.length >= room) throw fileErrors.tooMany();
    found.push({ name: entry.name, type });
  }
  return Promise.all(
    found.map(async ({ name, type }): Promise<FileEntry> => {
      const path = prefix === '' ? name : `${prefix}/${name}`;
      const size = type === 'file' ? await sizeOf(`${directory}/${name}`) : undefined;
      return size === undefined ? { path, type } : { path, type, size };
    }),
  );
}

function typeOf(entry: Dirent): FileEntry['type'] | undefined {
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'symlink';
  return entry.isFile() ? 'file' : undefined;
}

/** A path may be too long to be opened from here: nobody can name what lies there either. */
async function openTolerantly(directory: string) {
  try {
    return await opendir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENAMETOOLONG') return [];
    throw error;
  }
}

/** Unknown for a name that is no UTF-8: it was listed in another spelling than its own. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (['ENOENT', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
