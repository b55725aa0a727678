import { invalid } from './errors.ts';

/** Made by tools, not written by people: neither listed nor exported, and never read by a snapshot. */
export const GENERATED_DIRECTORIES: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  'dist',
  '.vite',
  '.next',
  '.venv',
  '__pycache__',
]);

/** What runtimed keeps in the home directory for itself. */
export const RESERVED_DIRECTORY = '.runtimed';

/** The app directory, relative to the sandbox's home. */
export const APP_DIRECTORY = 'workspace/app';

/** Which directory a path is relative to. */
export type FileRoot = 'app' | 'home';

const MAX_PATH_LENGTH = 4096;

/**
 * A path inside a sandbox, checked as text: relative, no `..`, no NUL, no trailing slash, nothing reserved.
 * Whether it crosses a symlink is for the file system to say.
 * @param field the request field the path came from, named in the error
 * @throws invalid_request
 */
export function parseWorkspacePath(path: string, field = 'path'): string {
  const refuse = (why: string): never => {
    throw invalid(`${field}: ${why}. Give a path relative to the root, like "src/App.tsx".`);
  };
  if (path === '') refuse('is empty');
  if (path.length > MAX_PATH_LENGTH) refuse(`is longer than ${MAX_PATH_LENGTH} characters`);
  if (path.includes('\0')) refuse('contains a NUL character');
  if (path.startsWith('/')) refuse('starts with "/"');
  if (path.endsWith('/')) refuse('ends with "/"');
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') refuse('contains ".."');
    if (segment === '.' || segment === '') refuse('contains an empty or "." segment');
    if (segment === RESERVED_DIRECTORY) refuse(`"${RESERVED_DIRECTORY}" is reserved`);
  }
  return path;
}

/** Like {@link parseWorkspacePath}, where "" and "." name the root itself (a listing). */
export function parseDirectoryPath(path: string | undefined, field = 'path'): string {
  return path === undefined || path === '' || path === '.' ? '' : parseWorkspacePath(path, field);
}
