import { closeSync, constants, openSync } from 'node:fs';

/** The system takes less than 4096 at once; a root and a name must still fit. */
const MAX_AT_ONCE = 3000;
/** Many times what the longest two paths take. */
const MAX_HELD = 64;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Names what is below a root, also where its path is longer than any path may be: such a one begins at a directory on the way
 * that is held open. Paths are bytes, one a character, and cross no symlink: whoever asks sees to that.
 */
export class DeepPaths implements Disposable {
  readonly #root: string;
  /** By their paths, the one that was asked for last at the end. */
  readonly #held = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  /** A path for the system. @throws the system's error when a directory on the way is not there */
  at(path: string): string | Buffer {
    let [base, begin] = [this.#root, 0];
    while (path.length - begin > MAX_AT_ONCE) {
      const cut = path.lastIndexOf('/', begin + MAX_AT_ONCE);
      // One name that is too long: the system says so.
      if (cut <= begin) break;
      const held = this.#hold(path.slice(0, cut), below(base, path.slice(begin, cut)));
      [base, begin] = [`/proc/self/fd/${held}`, cut + 1];
    }
    return below(base, path.slice(begin));
  }

  #hold(path: string, at: string | Buffer): number {
    const held = this.#held.get(path) ?? openSync(at, DIRECTORY);
    this.#held.delete(path);
    this.#held.set(path, held);
    for (const [oldest, descriptor] of this.#held) {
      if (this.#held.size <= MAX_HELD) break;
      closeSync(descriptor);
      this.#held.delete(oldest);
    }
    return held;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#held.values()) closeSync(descriptor);
    this.#held.clear();
  }
}

/** Text where it can be: most names are plain, and text is faster. */
const below = (base: string, path: string): string | Buffer =>
  /^[\0-\x7f]*$/.test(path)
    ? `${base}/${path}`
    : Buffer.concat([Buffer.from(`${base}/`), Buffer.from(path, 'latin1')]);
