import { fileErrors, resolveBelowHome, type FileQuery } from '../../domain/files.ts';
import { type Stats, constants } from 'node:fs';
import { chown, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxdError } from '../../domain/errors.ts';
import { APP_DIRECTORY } from '../../domain/paths.ts';
import { errnoOf } from '../../host/errno.ts';
import type { Owner } from './layout.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Names below the home, from the top down. */
export type Segments = readonly string[];

/** A directory held open: `path` leads to this very one, whatever becomes of its name. */
export interface HeldDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Finds the places that queries name, inside one home and nowhere else, with symlinks read as the sandbox reads them. */
export class Places {
  readonly #home: string;
  readonly #owner: Owner;

  constructor(home: string, owner: Owner) {
    this.#home = home;
    this.#owner = owner;
  }

  /** @throws invalid_request when a query leads out of the home */
  locate({ path, root }: FileQuery, { followLast }: { followLast: boolean }): Promise<string[]> {
    const below = root === 'app' ? APP_DIRECTORY.split('/') : [];
    const segments = path === '' ? below : [...below, ...path.split('/')];
    return resolveBelowHome(segments, (link) => this.#linkAt(link), { followLast });
  }

  async #linkAt(segments: Segments): Promise<string | undefined> {
    try {
      return await readlink(join(this.#home, ...segments));
    } catch (error) {
      // Nothing there, or no symlink: the step itself will tell what is wrong with that.
      if (['ENOENT', 'EINVAL', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** Opens a directory by its segments, none of which may be a symlink. @throws the system's error */
  async hold(segments: Segments): Promise<HeldDirectory> {
    let held = heldDirectory(await open(this.#home, DIRECTORY));
    for (const segment of segments) held = await step(held, segment);
    return held;
  }

  /** Like {@link hold}, making what is missing. */
  async holdOrMake(segments: Segments): Promise<HeldDirectory> {
    let held = heldDirectory(await open(this.#home, DIRECTORY));
    for (const segment of segments) {
      await this.#makeIfMissing(`${held.path}/${segment}`);
      held = await step(held, segment);
    }
    return held;
  }

  async #makeIfMissing(path: string): Promise<void> {
    const found = await lstatIfThere(path);
    if (found !== undefined && !isWhiteout(found)) return;
    if (found !== undefined) throw restored();
    await mkdir(path, { mode: 0o755 });
    await chown(path, this.#owner.uid, this.#owner.gid);
  }
}

/** From a directory into one of its own, letting go of the former. */
async function step(from: HeldDirectory, segment: string): Promise<HeldDirectory> {
  await using _former = from;
  const path = `${from.path}/${segment}`;
  try {
    return heldDirectory(await open(path, DIRECTORY));
  } catch (error) {
    const found = errnoOf(error) === 'ENOTDIR' ? await lstatIfThere(path) : undefined;
    throw found !== undefined && isWhiteout(found) ? fileErrors.absent() : error;
  }
}

const heldDirectory = (handle: { fd: number; close(): Promise<void> }): HeldDirectory => ({
  path: `/proc/self/fd/${handle.fd}`,
  [Symbol.asyncDispose]: () => handle.close(),
});

/** What an overlay keeps in the place of something of the lower that was deleted. */
export const isWhiteout = (found: Stats): boolean => found.isCharacterDevice() && found.rdev === 0;

/** What is there, symlinks as themselves. */
export async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A plain directory in a whiteout's place would bring back what was deleted below it. */
const restored = () =>
  new SandboxdError(
    'conflict',
    'The directory was deleted from the prepared dependencies. Start the sandbox to write there.',
  );
