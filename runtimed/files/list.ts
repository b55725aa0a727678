import { lstat, opendir } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { byPath, fileErrors, isUnlisted, MAX_LISTED_ENTRIES } from '../../src/domain/files.ts';
import type { FileEntry } from '../../src/domain/runtimed.ts';
import { isAbsent } from '../regular-file.ts';
import type { Places, Segments } from './place.ts';

/**
 * The entries of a directory, or of the whole tree below it, sorted by path.
 * @param prefix what the entries' paths begin with
 * @throws payload_too_large for more entries than can be told
 */
export async function listTree(
  places: Places,
  at: Segments,
  prefix: string,
  recursive: boolean,
): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  const pending: { at: Segments; prefix: string }[] = [{ at, prefix }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const room = MAX_LISTED_ENTRIES - entries.length;
    const found = await listOne(places, next.at, next.prefix, room).catch((error: unknown) => {
      // Gone since its parent was read, or deeper than a path can say. The one that was asked for must be there.
      if (next?.at === at || !isLost(error)) throw error;
      return [];
    });
    entries.push(...found);
    if (!recursive) break;
    for (const { type, path } of found) {
      if (type === 'directory') pending.push({ at: [...next.at, lastOf(path)], prefix: path });
    }
  }
  return entries.toSorted(byPath);
}

async function listOne(places: Places, at: Segments, prefix: string, room: number): Promise<FileEntry[]> {
  await using directory = await places.hold(at);
  const names: { name: string; type: FileEntry['type'] }[] = [];
  for await (const entry of await opendir(directory.path)) {
    const type = typeOf(entry);
    if (type === undefined || isUnlisted(entry.name, type)) continue;
    if (names.length >= room) throw fileErrors.tooMany();
    names.push({ name: entry.name, type });
  }
  const entries = names.map(async ({ name, type }): Promise<FileEntry | undefined> => {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    if (type !== 'file') return { path, type };
    const size = await sizeOf(`${directory.path}/${name}`);
    return size === undefined ? undefined : { path, type, size };
  });
  return (await Promise.all(entries)).filter((entry) => entry !== undefined);
}

/** Sockets, FIFOs and devices are nothing that can be read here. */
function typeOf(entry: Dirent): FileEntry['type'] | undefined {
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'symlink';
  return entry.isFile() ? 'file' : undefined;
}

/** Undefined when it has gone. */
const sizeOf = (path: string): Promise<number | undefined> =>
  lstat(path).then(
    ({ size }) => size,
    () => undefined,
  );

const isLost = (error: unknown): boolean =>
  isAbsent(error) ||
  ['ENAMETOOLONG', 'EACCES', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');

const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
