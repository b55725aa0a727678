import { RESERVED_DIRECTORY } from '../domain/paths.ts';
import type { ArchiveScope } from '../domain/workspace.ts';

/** Filled again by tools from what an archive holds: left out at any depth. */
const GENERATED = new Set(['node_modules', '.next', 'out', '.venv', '__pycache__', '.cache']);

/** What package managers keep for themselves in a home, as paths in it. */
const STORES = new Set(['.npm/_cacache', '.local/share/pnpm/store', '.bun/install/cache']);

/** Says that the home was laid out already: without it a copy would get a template's files once more. */
const BOOT_RECORD = `${RESERVED_DIRECTORY}/boot.json`;

/** What may happen to an entry of a home on its way into an archive, and out of one. */
export type Treatment =
  | 'kept'
  | 'left-out'
  /** The file is the configuration of a repository: only what its format needs is kept of it. */
  | 'git-config'
  /** The file lists references of a repository: those of remotes are dropped. */
  | 'git-packed-refs';

/**
 * How an entry is treated. What lies below a directory that is left out is never asked for.
 * @param path relative to the home, with `/` between names
 */
export function treatmentOf(path: string, isDirectory: boolean, scope: ArchiveScope): Treatment {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (isDirectory && (GENERATED.has(name) || STORES.has(path))) return 'left-out';
  if (scope === 'backup') return 'kept';
  if (path === RESERVED_DIRECTORY && isDirectory) return 'kept';
  if (path === RESERVED_DIRECTORY || path.startsWith(`${RESERVED_DIRECTORY}/`)) {
    return path === BOOT_RECORD ? 'kept' : 'left-out';
  }
  return inRepository(path) ?? 'kept';
}

/** Executed, fetched with, or somebody's: nothing of it belongs into a repository that is nobody's yet. */
const OF_ITS_OWNER =
  /^(?:hooks|config\.worktree|FETCH_HEAD|credentials|(?:logs\/)?refs\/remotes)(?:\/|$)|\.lock$/;

/** The part of a path below the innermost repository, submodules' included. */
const REPOSITORY =
  /^(?:.*\/)?\.git\/(?:modules\/(?:[^/]+\/)*?(?=(?:hooks|config|config\.worktree|FETCH_HEAD|credentials|packed-refs|(?:logs\/)?refs)(?:\/|$)))?(.+)$/;

function inRepository(path: string): Treatment | undefined {
  const below = REPOSITORY.exec(path)?.[1];
  if (below === undefined) return undefined;
  if (OF_ITS_OWNER.test(below)) return 'left-out';
  if (below === 'config') return 'git-config';
  return below === 'packed-refs' ? 'git-packed-refs' : undefined;
}
