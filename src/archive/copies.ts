import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type { Findings } from './findings.ts';
import { type Extent, lengthOf, partsOf } from './sparse.ts';
import type { TreeEntry } from './walk.ts';

/** Below this a copy costs less than asking the file system to share blocks. */
const WORTH_SHARING_BYTES = 256 * 1024;
const BUFFER_BYTES = 1024 * 1024;

interface Copy {
  readonly path: string;
  /** What the file was like: no more than that, of each file of a large tree. */
  readonly of: Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs'>;
  /** Of its content, without holes. */
  readonly bytes: number;
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

  /** Bytes of the files that were changed about when they were copied: the next pass would copy them once more. */
  unsureBytes(unsure: bigint): number {
    let sum = 0;
    for (const { of, bytes } of this.#byFile.values()) if (of.ctimeNs >= unsure) sum += bytes;
    return sum;
  }

  /**
   * Copies a file where that must be, and counts it.
   * @returns false when the file is gone
   * @throws payload_too_large, before more is copied than an archive may hold
   */
  keep({ stat, open }: TreeEntry, findings: Findings): boolean {
    findings.entry(true);
    const file = identityOf(stat);
    const earlier = this.#byFile.get(file);
    if (this.#isValid(earlier, stat)) return true;
    const fd = open();
    if (fd === undefined) return false;
    try {
      findings.size(Number(stat.size));
      const parts = partsOf(fd, stat);
      const bytes = lengthOf(parts);
      findings.content(bytes);
      this.#made += 1;
      const path = `${this.#directory}/${this.#made}`;
      if (earlier !== undefined) rmSync(earlier.path);
      this.#copy(fd, stat, parts, path);
      const { size, mtimeNs, ctimeNs } = stat;
      this.#byFile.set(file, { path, of: { size, mtimeNs, ctimeNs }, bytes, pass: this.#pass });
    } finally {
      closeSync(fd);
    }
    return true;
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

  #copy(fd: number, { size }: BigIntStats, parts: readonly Extent[], path: string): void {
    if (size >= WORTH_SHARING_BYTES && this.#share(fd, path)) return;
    const to = openSync(path, 'wx', 0o600);
    try {
      for (const part of parts) this.#copyPart(fd, to, part);
      if (lengthOf(parts) < size) ftruncateSync(to, Number(size));
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
