import { closeSync, readSync } from 'node:fs';
import { makeZip } from 'client-zip';
import { SandboxdError } from '../domain/errors.ts';
import { APP_DIRECTORY } from '../domain/paths.ts';
import { MOST } from './limits.ts';
import type { TreeEntry } from './walk.ts';

const PERMISSIONS = 0o777n;
const SYMLINK = 0o120777;
const READ_BYTES = 256 * 1024;

/** No system unpacks what is longer. */
const MAX_NAME_BYTES = 4096;

/** The list at the archive's end is kept in memory until then: an entry takes about this much, and its name. */
const LISTED_BYTES = 1024;
const MAX_LIST_BYTES = 128 * 1024 ** 2;

/** What the format's clock can say, with a day to spare for every time zone. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1980, 0, 2), Date.UTC(2107, 11, 30)];

/** @throws payload_too_large for more than can be exported, before any of it is */
export function requireExportable(entries: readonly TreeEntry[]): void {
  let [list, content] = [0, 0];
  for (const { path, kind, stat } of entries) {
    list += LISTED_BYTES + path.length;
    // Holes are written out, and a file of several names as often as it has them.
    if (kind === 'file') content += Number(stat.size);
  }
  if (list > MAX_LIST_BYTES) throw tooLarge(`more than about ${MAX_LIST_BYTES / LISTED_BYTES} files`);
  if (content > MOST.contentBytes) throw tooLarge(`more than ${MOST.contentBytes / 1024 ** 3} GiB of files`);
}

const tooLarge = (what: string) =>
  new SandboxdError(
    'payload_too_large',
    `The app holds ${what}, which cannot be exported. Remove what need not be kept, and try again.`,
  );

/** A zip archive of the app in a walk of its home: whoever unpacks it gets nothing outside of where that is done. */
export const zipOf = (entries: Iterable<TreeEntry>): AsyncIterable<Uint8Array> => makeZip(members(entries));

function* members(entries: Iterable<TreeEntry>) {
  for (const entry of entries) {
    const path = entry.path.slice(APP_DIRECTORY.length + 1);
    if (path === '' || !entry.path.startsWith(APP_DIRECTORY) || path.length > MAX_NAME_BYTES) continue;
    const about = aboutOf(path, entry);
    if (entry.kind === 'directory') yield about;
    else if (entry.kind === 'file') yield { ...about, input: contentOf(entry) };
    else if (staysWithin(path, entry.target ?? '')) {
      yield { ...about, mode: SYMLINK, input: Buffer.from(entry.target ?? '', 'latin1') };
    }
  }
}

/** Names stay the bytes they are: those that are UTF-8 are marked as that. */
const aboutOf = (path: string, { stat }: TreeEntry) => ({
  name: Buffer.from(path, 'latin1'),
  lastModified: new Date(Math.min(Math.max(Number(stat.mtimeMs), EARLIEST_MS), LATEST_MS)),
  mode: Number(stat.mode & PERMISSIONS),
});

/**
 * Whether a link can lead nowhere outside of the archive, whatever other such links it leads through: up by as many
 * directories as it is deep, and from there on only down.
 */
export function staysWithin(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || /\\|^[A-Za-z]:/.test(target)) return false;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const down = names.findIndex((name) => name !== '..');
  const up = down === -1 ? names.length : down;
  return up < path.split('/').length && !names.slice(up).includes('..');
}

/** In parts, each in memory of its own. */
async function* contentOf(entry: TreeEntry): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = entry.open();
  if (fd === undefined) return;
  try {
    for (let position = 0; ; ) {
      const part = Buffer.allocUnsafeSlow(READ_BYTES);
      const read = readSync(fd, part, 0, READ_BYTES, position);
      if (read === 0) return;
      yield part.subarray(0, read);
      position += read;
    }
  } finally {
    closeSync(fd);
  }
}
