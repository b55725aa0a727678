import type { Dirent, Stats } from 'node:fs';
import { access, constants, lstat, opendir } from 'node:fs/promises';
import { SandboxdError } from '../../src/domain/errors.ts';
import { GENERATED_DIRECTORIES, RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { lookAtAll } from '../look-at-all.ts';

/** A checkpoint leaves a single file alone that is larger than this. Bytes. */
export const MAX_CHECKPOINT_FILE = 100 * 1024 * 1024;
/** More files than this are not an app's own, and would take minutes to be saved. */
export const MAX_CHECKPOINT_FILES = 200_000;

/** A path relative to the app directory: bytes, since a name may be any. As latin-1 text each character is a byte. */
export type BytePath = string;

/** What an app directory holds. */
export interface AppTree {
  /** What a checkpoint is made of: plain files and symlinks. */
  readonly files: readonly BytePath[];
  /** What is left as it is: generated directories, large files, and what may not be read. */
  readonly kept: readonly BytePath[];
}

/**
 * Looks through an app directory, without following a symlink. Sockets, FIFOs and devices are nothing of the app.
 * @throws payload_too_large for more files than can be saved
 */
export async function walkApp(directory: string, signal: AbortSignal): Promise<AppTree> {
  const files: BytePath[] = [];
  const kept: BytePath[] = [];
  const directories: BytePath[] = [''];
  for (const next of directories) {
    signal.throwIfAborted();
    const plain: BytePath[] = [];
    const found = await entriesOf(directory, next, (entry, path) => {
      if (isSpecial(entry)) return;
      if (isKept(entry)) kept.push(path);
      else if (entry.isDirectory()) directories.push(path);
      else if (entry.isSymbolicLink()) files.push(path);
      else plain.push(path);
      if (files.length + plain.length + directories.length > MAX_CHECKPOINT_FILES) throw tooMany();
    });
    if (!found) kept.push(next);
    const looks = await lookAtAll(plain, (path) => isSavable(join(directory, path)));
    for (const [index, path] of plain.entries()) (looks[index] === true ? files : kept).push(path);
  }
  return { files, kept: kept.filter((path) => path !== '') };
}

/** The bytes of a path, as the system takes it. */
export const bytesOf = (path: BytePath): Buffer => Buffer.from(path, 'latin1');

const join = (directory: string, path: BytePath): Buffer =>
  path === '' ? Buffer.from(directory) : Buffer.concat([Buffer.from(`${directory}/`), bytesOf(path)]);

/** @returns whether it could be looked into */
async function entriesOf(
  directory: string,
  below: BytePath,
  take: (entry: Dirent, path: BytePath) => void,
): Promise<boolean> {
  try {
    // In latin-1 every byte of a name is a character, and comes back as that byte.
    for await (const entry of await opendir(join(directory, below), { encoding: 'latin1' })) {
      take(entry, below === '' ? entry.name : `${below}/${entry.name}`);
    }
    return true;
  } catch (error) {
    if (error instanceof SandboxdError || below === '') throw error;
    // Gone, deeper than a path can say, or not to be read.
    return false;
  }
}

const isSpecial = (entry: Dirent): boolean =>
  !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink();

/** Also what git itself would take for its own, of whatever kind it is. */
function isKept(entry: Dirent): boolean {
  const { name } = entry;
  const lower = name.toLowerCase();
  if (name === RESERVED_DIRECTORY || lower === '.git') return true;
  if (entry.isSymbolicLink()) return lower === '.gitmodules';
  return entry.isDirectory() && GENERATED_DIRECTORIES.has(name);
}

async function isSavable(path: Buffer): Promise<boolean> {
  try {
    const found: Stats = await lstat(path);
    if (!found.isFile() || found.size > MAX_CHECKPOINT_FILE) return false;
    await access(path, constants.R_OK);
    return true;
  } catch {
    // Gone since, or not for the sandbox's user to read.
    return false;
  }
}

const tooMany = () =>
  new SandboxdError(
    'payload_too_large',
    `The app has more than ${MAX_CHECKPOINT_FILES} files outside of directories like node_modules. Remove what is not needed.`,
  );
