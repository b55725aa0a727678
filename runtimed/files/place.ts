import { fileErrors, resolveBelowHome, type FileQuery } from '../../src/domain/files.ts';
import { constants } from 'node:fs';
import { mkdir, open, readlink, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { errnoOf } from '../regular-file.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Names below the home, from the top down. */
export type Segments = readonly string[];

/** A directory held open: whatever becomes of its name meanwhile, `path` leads to this very one. */
export interface HeldDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Finds the places that queries name, inside one home and nowhere else. */
export class Places {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /**
   * Where a query leads, through the symlinks on its way.
   * @param followLast whether a symlink at the end stands for what it points at
   * @throws invalid_request when it leads out of the home
   */
  locate({ path, root }: FileQuery, followLast: boolean): Promise<Segments> {
    const below = root === 'app' ? APP_DIRECTORY.split('/') : [];
    const segments = path === '' ? below : [...below, ...path.split('/')];
    return resolveBelowHome(segments, (link) => this.#linkAt(link), { followLast });
  }

  /**
   * Opens a directory, and makes sure that it is the one it is called: a tenant can turn any part of a path into a
   * symlink between the look and the step.
   * @throws invalid_request when it is elsewhere; the system's error when it cannot be opened
   */
  async hold(segments: Segments): Promise<HeldDirectory> {
    const expected = join(await realpath(this.#home), ...segments);
    const handle = await open(expected, DIRECTORY);
    const path = `/proc/self/fd/${handle.fd}`;
    try {
      if ((await readlink(path)) !== expected) throw fileErrors.leadsOut();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return { path, [Symbol.asyncDispose]: () => handle.close() };
  }

  /**
   * Like {@link hold}, making the directory and its parents where they are missing.
   * @returns also `undo`, which removes again what was made, if it is still empty
   */
  async holdOrMake(segments: Segments): Promise<{ held: HeldDirectory; undo: () => Promise<void> }> {
    try {
      return { held: await this.hold(segments), undo: () => Promise.resolve() };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    const path = join(this.#home, ...segments);
    const first = await mkdir(path, { recursive: true });
    const undo = () => removeEmpty(path, first ?? path);
    try {
      return { held: await this.hold(segments), undo };
    } catch (error) {
      await undo();
      throw error;
    }
  }

  /**
   * The path of a directory without symlinks.
   * @throws as {@link hold}
   */
  async realPath(query: FileQuery): Promise<string> {
    await using held = await this.hold(await this.locate(query, true));
    return await readlink(held.path);
  }

  async #linkAt(segments: Segments): Promise<string | undefined> {
    return readlink(join(this.#home, ...segments)).catch((error: unknown) => {
      // Nothing there, or something that is no symlink: the step itself will tell what is wrong with that.
      if (['ENOENT', 'EINVAL', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES'].includes(errnoOf(error) ?? ''))
        return undefined;
      throw error;
    });
  }
}

/** Removes directories from the innermost to the outermost, as far as they are empty. */
async function removeEmpty(innermost: string, outermost: string): Promise<void> {
  for (let path = innermost; path.length >= outermost.length; path = dirname(path)) {
    const isRemoved = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}
