import { lstat, opendir } from 'node:fs/promises';
import { MAX_LISTED_ENTRIES, byPath, fileErrors, isUnlisted } from '../../domain/files.ts';
import type { FileEntry } from '../../domain/runtimed.ts';
import { errnoOf } from './failure.ts';

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
  const entries: FileEntry[] = [];
  for await (const found of await openTolerantly(directory)) {
    const type = found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'symlink' : 'file';
    if ((type === 'file' && !found.isFile()) || isUnlisted(found.name, type)) continue;
    if (entries.length >= room) throw fileErrors.tooMany();
    const path = prefix === '' ? found.name : `${prefix}/${found.name}`;
    entries.push(
      type === 'file' ? { path, type, ...(await sizeOf(`${directory}/${found.name}`)) } : { path, type },
    );
  }
  return entries;
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
async function sizeOf(path: string): Promise<{ size?: number }> {
  try {
    return { size: (await lstat(path)).size };
  } catch (error) {
    if (['ENOENT', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return {};
    throw error;
  }
}
