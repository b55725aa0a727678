import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from 'node:fs';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Never waits for the other end of a pipe, never goes through a symlink. */
const CONTENT = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** This many directories from the top stay open; below them only the one that one is in. */
const KEPT_OPEN = 32;

interface Level {
  fd: number | undefined;
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface Listed {
  readonly name: string;
  readonly isFile: boolean;
}

/**
 * What the system answers when something is no longer there, or no longer what it was; and `EAGAIN` for a file that a
 * program has taken a lease on, for whose breaking the system would wait most of a minute.
 */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EINVAL', 'ESTALE', 'EAGAIN']);

export const isGone = (error: unknown): boolean => GONE.has((error as NodeJS.ErrnoException).code ?? '');

/**
 * A way down a tree whose owner may change it at any time. Each directory is reached from the one above it by a name and
 * held open, so that no symlink leads away and no path is too long. Names are the bytes of the file system, as latin1.
 */
export class DirectoryStack implements Disposable {
  readonly #levels: Level[] = [];

  /** @throws the system's error */
  constructor(root: string) {
    this.#push(openSync(root, DIRECTORY));
  }

  /** The one that one is in was moved away meanwhile: nothing can be asked of it. */
  get isLost(): boolean {
    return this.#levels.at(-1)?.fd === undefined;
  }

  /** What is in the directory that one is in, by the bytes of the names. */
  list(): Listed[] {
    // As bytes: where the system does not tell kinds, Node asks for them by name.
    const found = readdirSync(`/proc/self/fd/${this.fd}`, { withFileTypes: true, encoding: 'buffer' });
    const listed = found.map((entry) => ({ name: entry.name.toString('latin1'), isFile: entry.isFile() }));
    return listed.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Leads to an entry of the directory that one is in. */
  pathOf(name: string): Buffer {
    return Buffer.from(`/proc/self/fd/${this.fd}/${name}`, 'latin1');
  }

  /** The entry itself, symlinks as such; undefined when there is none. */
  lstat(name: string): BigIntStats | undefined {
    try {
      return lstatSync(this.pathOf(name), { bigint: true });
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Opens a file for reading. @throws the system's error */
  open(name: string): number {
    return openSync(this.pathOf(name), CONTENT);
  }

  /** Down into a directory. @throws the system's error, also when it is none */
  enter(name: string): void {
    this.#push(openSync(this.pathOf(name), DIRECTORY));
    if (this.#levels.length > KEPT_OPEN + 1) this.#close(this.#levels.at(-2));
  }

  /** Up again. */
  leave(): void {
    const left = this.#levels.pop();
    const above = this.#levels.at(-1);
    if (above !== undefined && above.fd === undefined) above.fd = reopened(left, above);
    this.#close(left);
  }

  [Symbol.dispose](): void {
    for (const level of this.#levels.splice(0)) this.#close(level);
  }

  get fd(): number {
    const fd = this.#levels.at(-1)?.fd;
    if (fd === undefined) throw new Error('A directory was moved away while it was read.');
    return fd;
  }

  #push(fd: number): void {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    this.#levels.push({ fd, dev, ino });
  }

  #close(level: Level | undefined): void {
    if (level?.fd !== undefined) closeSync(level.fd);
    if (level !== undefined) level.fd = undefined;
  }
}

/** The directory above, if it still is the one that was come from. */
function reopened(below: Level | undefined, expected: Level): number | undefined {
  if (below?.fd === undefined) return undefined;
  const fd = openSync(`/proc/self/fd/${below.fd}/..`, DIRECTORY);
  const { dev, ino } = fstatSync(fd, { bigint: true });
  if (dev === expected.dev && ino === expected.ino) return fd;
  closeSync(fd);
  return undefined;
}
