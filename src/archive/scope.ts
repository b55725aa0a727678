import { isUnlisted } from '../domain/files.ts';
import { APP_DIRECTORY, RESERVED_DIRECTORY } from '../domain/paths.ts';
import type { ArchiveScope } from '../domain/workspace.ts';

/** What of a home is read: for an archive, or the app alone for somebody to take along. */
export type TreeScope = ArchiveScope | 'export';

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
export function treatmentOf(path: string, isDirectory: boolean, scope: TreeScope): Treatment {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (scope === 'export') return isExported(path, name, isDirectory) ? 'kept' : 'left-out';
  if (isDirectory && (GENERATED.has(name) || STORES.has(path))) return 'left-out';
  if (scope === 'backup') return 'kept';
  if (path === RESERVED_DIRECTORY && isDirectory) return 'kept';
  if (path === RESERVED_DIRECTORY || path.startsWith(`${RESERVED_DIRECTORY}/`)) {
    return path === BOOT_RECORD ? 'kept' : 'left-out';
  }
  return inRepository(path, isDirectory) ?? 'kept';
}

/** Read by some systems as a way into another directory, or onto another drive. */
const LEADS_ELSEWHERE = /\\|^[A-Za-z]:/;

/** The app directory, the way down to it, and what is listed there. */
function isExported(path: string, name: string, isDirectory: boolean): boolean {
  if (path === APP_DIRECTORY || APP_DIRECTORY.startsWith(`${path}/`)) return isDirectory;
  if (!path.startsWith(`${APP_DIRECTORY}/`) || LEADS_ELSEWHERE.test(name)) return false;
  return !isUnlisted(name, isDirectory ? 'directory' : 'file');
}

/** Executed, fetched with, or somebody's: nothing of it belongs into a repository that is nobody's yet. */
const OF_ITS_OWNER = new Set(['hooks', 'config.worktree', 'FETCH_HEAD', 'credentials']);

/** What remotes had, and its history. */
const OF_REMOTES = /^(?:logs\/)?refs\/remotes(?:\/|$)/;

function inRepository(path: string, isDirectory: boolean): Treatment | undefined {
  const below = belowRepository(path, isDirectory);
  const [first] = below;
  if (first === undefined) return undefined;
  if (OF_ITS_OWNER.has(first)) return 'left-out';
  const rest = below.join('/');
  if (rest.endsWith('.lock') || OF_REMOTES.test(rest)) return 'left-out';
  if (isDirectory) return undefined;
  if (rest === 'config') return 'git-config';
  return rest === 'packed-refs' ? 'git-packed-refs' : undefined;
}

/** The names on the way from the innermost repository's own directory; none outside of any. */
function belowRepository(path: string, isDirectory: boolean): readonly string[] {
  if (!path.includes('.git/')) return [];
  const names = path.split('/');
  const at = names.lastIndexOf('.git');
  if (at === -1) return [];
  const below = names.slice(at + 1);
  if (below[0] === 'worktrees') return below.slice(2);
  return below[0] === 'modules' ? belowSubmodule(below, isDirectory) : below;
}

/** Directories that every repository has, and files that are treated. */
const LANDMARKS = {
  directories: new Set(['hooks', 'refs', 'logs', 'objects', 'info']),
  files: new Set(['config', 'config.worktree', 'packed-refs', 'FETCH_HEAD', 'credentials']),
};

/** A submodule's name may have slashes: its directory ends where what every repository has begins. */
function belowSubmodule(below: readonly string[], isDirectory: boolean): readonly string[] {
  const start = below.findIndex((name, at) => {
    const isFile = at === below.length - 1 && !isDirectory;
    return at > 1 && (isFile ? LANDMARKS.files : LANDMARKS.directories).has(name);
  });
  return start === -1 ? [] : below.slice(start);
}
