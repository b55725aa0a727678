import { SandboxdError, invalid, notFound } from './errors.ts';
import { type FileRoot, GENERATED_DIRECTORIES, RESERVED_DIRECTORY } from './paths.ts';
import {
  type FileEntry,
  type FileListing,
  MAX_READ_BYTES,
  MAX_WRITE_BYTES,
  SANDBOX_HOME,
} from './runtimed.ts';

/** A path, and what it is relative to. */
export interface FileQuery {
  readonly path: string;
  readonly root: FileRoot;
}

/** More entries than this are refused, not cut: nobody can tell a short list from a cut one. */
export const MAX_LISTED_ENTRIES = 20_000;

/**
 * File operations on one sandbox, the same whether it runs (inside, by runtimed) or is stopped (on the node's disk).
 *
 * Paths are relative to the query's root. A symlink is followed while it stays below the sandbox's home, resolved as
 * the sandbox would resolve it; one that leads out is refused. Failures: `invalid_request` for a path that is
 * malformed, leads out, or is of the wrong kind; `not_found`; `payload_too_large`; `unavailable` when the disk is full.
 * A refused write changes nothing.
 */
export interface SandboxFiles {
  /** Sorted by path; generated directories and runtimed's own are left out; symlinks are listed, never entered. */
  list(query: FileQuery & { recursive: boolean }): Promise<FileListing>;
  read(query: FileQuery): Promise<Uint8Array>;
  /** Atomic: readers see the old bytes or the new. Makes parents, keeps an existing file's mode. `append` adds. */
  write(query: FileQuery & { append: boolean }, body: Uint8Array): Promise<void>;
  /** Removes a file, a symlink (not what it points at), or a directory with all that is in it. */
  delete(query: FileQuery): Promise<void>;
}

/** Whether a directory entry is left out of listings. */
export const isUnlisted = (name: string, type: FileEntry['type']): boolean =>
  name === RESERVED_DIRECTORY || (type === 'directory' && GENERATED_DIRECTORIES.has(name));

/** By code unit, so that every implementation and every locale agrees. */
export const byPath = (a: FileEntry, b: FileEntry): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

/** More symlinks on one path than this are a loop, as for the kernel. */
const MAX_LINKS = 40;

/**
 * Resolves symlinks the way the sandbox would, where its home is not at its own place in the file system.
 * @param path segments below the home
 * @param linkAt what the symlink there holds, or undefined when there is none; never asked about a path through a link
 * @returns segments below the home that cross no symlink, except that the last may be one when it is not followed
 * @throws invalid_request when the path leads out of the home or to what is reserved
 */
export async function resolveBelowHome(
  path: readonly string[],
  linkAt: (segments: readonly string[]) => Promise<string | undefined>,
  { followLast }: { followLast: boolean },
): Promise<string[]> {
  let resolved: string[] = [];
  let pending = [...path];
  let links = 0;
  while (pending.length > 0) {
    const [segment = '', ...rest] = pending;
    pending = rest;
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (resolved.pop() === undefined) throw fileErrors.leadsOut();
      continue;
    }
    if (segment === RESERVED_DIRECTORY) throw fileErrors.reserved();
    const isLast = rest.length === 0;
    const target = isLast && !followLast ? undefined : await linkAt([...resolved, segment]);
    if (target === undefined) {
      resolved.push(segment);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw fileErrors.leadsOut();
    const below = belowHome(target);
    if (below !== undefined) resolved = [];
    pending = [...(below ?? target).split('/'), ...rest];
  }
  return resolved;
}

/** What an absolute link names below the sandbox's home; undefined for a relative one. */
function belowHome(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  if (target === SANDBOX_HOME) return '';
  if (!target.startsWith(`${SANDBOX_HOME}/`)) throw fileErrors.leadsOut();
  return target.slice(SANDBOX_HOME.length + 1);
}

/** The errors of file operations, in one wording. */
export const fileErrors = {
  absent: () => notFound('file or directory'),
  leadsOut: () => invalid('path: leads out of the sandbox through a symlink. Name a file below the root.'),
  reserved: () => invalid(`path: "${RESERVED_DIRECTORY}" is reserved. Name another file.`),
  notFile: () => invalid('path: is not a regular file. Name a file.'),
  notDirectory: () => invalid('path: is not a directory. Name a directory.'),
  throughFile: () => invalid('path: a part of it is a file, not a directory. Name another path.'),
  readTooLarge: () =>
    new SandboxdError('payload_too_large', `The file has more than ${MAX_READ_BYTES} bytes.`),
  writeTooLarge: () =>
    new SandboxdError('payload_too_large', `The content has more than ${MAX_WRITE_BYTES} bytes.`),
  tooMany: () =>
    new SandboxdError(
      'payload_too_large',
      `There are more than ${MAX_LISTED_ENTRIES} entries. List a directory below this one.`,
    ),
  diskFull: (cause?: unknown) =>
    new SandboxdError('unavailable', 'There is no space left for this file.', { cause }),
} as const;
