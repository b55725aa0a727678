import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { type Extent, extentsOf, mayBeSparse } from './sparse.ts';
import type { TreeEntry } from './walk.ts';

/** Below this a copy costs less than asking the file system to share blocks. */
const WORTH_SHARING_BYTES = 256 * 1024;
const BUFFER_BYTES = 1024 * 1024;

interface Copy {
  readonly path: string;
  /** What the file was like: no more than that, of each file of a large tree. */
  readonly of: Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs'>;
  readonly pass: number;
}

/**
 * Contents of files set aside in one directory, by numbers: neither the names nor the depth of their tree come up there.
 * A file of several names is one.
 */
export class Copies {
  readonly #directory: string;
  readonly #byFile = new Map<string, Copy>();
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #made = 0;
  #pass = 0;
  #canShare = true;
  /** Nanoseconds since the epoch. */
  #unsure = 0n;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * From now on a file is copied once more that differs from its copy.
   * @param unsure since when, in nanoseconds since the epoch, a file may have been changed without another trace
   */
  nextPass(unsure: bigint): void {
    this.#pass += 1;
    this.#unsure = unsure;
  }

  /** Copies a file where that must be. @returns the bytes that took; undefined when the file is gone */
  keep({ stat, open }: TreeEntry): number | undefined {
    const file = identityOf(stat);
    if (this.#isValid(this.#byFile.get(file), stat)) return 0;
    const fd = open();
    if (fd === undefined) return undefined;
    try {
      this.#made += 1;
      const path = `${this.#directory}/${this.#made}`;
      this.#copy(fd, stat, path);
      const { size, mtimeNs, ctimeNs } = stat;
      this.#byFile.set(file, { path, of: { size, mtimeNs, ctimeNs }, pass: this.#pass });
    } finally {
      closeSync(fd);
    }
    return Number(stat.size);
  }

  /** The entry with its content from here. */
  kept(entry: TreeEntry): TreeEntry {
    const path = this.#byFile.get(identityOf(entry.stat))?.path;
    return { ...entry, open: () => (path === undefined ? undefined : openSync(path, 'r')) };
  }

  #isValid(copy: Copy | undefined, { size, mtimeNs, ctimeNs }: BigIntStats): boolean {
    if (copy === undefined) return false;
    if (copy.pass === this.#pass) return true;
    const { of } = copy;
    return of.size === size && of.mtimeNs === mtimeNs && of.ctimeNs === ctimeNs && ctimeNs < this.#unsure;
  }

  #copy(fd: number, stat: BigIntStats, path: string): void {
    if (stat.size >= WORTH_SHARING_BYTES && this.#share(fd, path)) return;
    const size = Number(stat.size);
    const to = openSync(path, 'wx', 0o600);
    try {
      if (mayBeSparse(stat)) {
        for (const extent of extentsOf(fd, size)) this.#copyPart(fd, to, extent);
        ftruncateSync(to, size);
      } else this.#copyPart(fd, to, { offset: 0, length: size });
    } finally {
      closeSync(to);
    }
  }

  /** The file is named by what is open: its own name may lead elsewhere by now. */
  #share(fd: number, path: string): boolean {
    if (!this.#canShare) return false;
    try {
      copyFileSync(`/proc/self/fd/${fd}`, path, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
      // A file system that cannot do it for one file can for none.
      this.#canShare = false;
    }
    return this.#canShare;
  }

  #copyPart(from: number, to: number, { offset, length }: Extent): void {
    for (let done = 0; done < length; ) {
      const wanted = Math.min(length - done, BUFFER_BYTES);
      const read = readSync(from, this.#buffer, 0, wanted, offset + done);
      if (read === 0) return;
      for (let written = 0; written < read; ) {
        written += writeSync(to, this.#buffer, written, read - written, offset + done + written);
      }
      done += read;
    }
  }
}

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;
