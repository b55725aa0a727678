import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import type { ArchiveScope } from '../domain/workspace.ts';
import type { Budget } from './budget.ts';
import { DeepPaths } from './deep-paths.ts';
import { entryPath, parentOf } from './entry-path.ts';
import { type FileContent, PlainContent, RewrittenContent, SparseContent } from './file-content.ts';
import { REWRITERS } from './git-config.ts';
import { MAX_REWRITTEN_BYTES } from './limits.ts';
import { type Treatment, treatmentOf } from './scope.ts';
import type { TarEntry, TarSink } from './tar-reader.ts';
import { UnpackError, shown } from './unpack-error.ts';
import { type Warning, Warnings } from './warnings.ts';

/** How entries become files. */
export interface TreeOptions {
  /** How many segments at the front of each name are left away. */
  readonly droppedSegments: 0 | 1;
  /** Whose everything is, without set-id and sticky bits; as the archive says without it, but for set-id bits. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** What is treated as when a workspace is archived; everything is kept without it. */
  readonly scope?: ArchiveScope;
  /** The directory holds something already, which the archive's entries take the place of. */
  readonly isLayered?: boolean;
}

/** What is at a path of the archive so far. */
type Seen = 'directory' | 'file' | 'other' | 'left-out';

const SET_ID = 0o6000;

/**
 * Writes the entries of an archive below a directory that is nobody else's, one call of the system after the other, for a
 * thread that has nothing else to do. What was written is remembered: no entry is ever written through a symlink, over another
 * entry, or outside.
 */
export class TreeWriter implements TarSink, Disposable {
  readonly warnings = new Warnings();
  readonly #paths: DeepPaths;
  readonly #options: TreeOptions;
  readonly #budget: Budget;
  readonly #seen = new Map<string, Seen>([['', 'directory']]);
  readonly #directories: { readonly path: string; readonly entry: TarEntry }[] = [];
  #open: { readonly fd: number; readonly entry: TarEntry; readonly content: FileContent } | undefined;

  constructor(root: string, options: TreeOptions, budget: Budget) {
    this.#paths = new DeepPaths(root);
    this.#options = options;
    this.#budget = budget;
  }

  entry(entry: TarEntry): void {
    const path = entryPath(entry.name, this.#options.droppedSegments);
    if (path !== '') this.#budget.entry();
    if (entry.sparseSize === undefined) this.#budget.content(entry.size);
    else this.#budget.size(entry.sparseSize);
    if (path === '' && entry.kind !== 'directory') throw refused(entry, 'is not a directory');
    const treatment = this.#treatment(path, entry);
    if (treatment === 'left-out') {
      this.#seen.set(path, 'left-out');
      return;
    }
    try {
      this.#make(path, entry, treatment);
    } catch (error) {
      if (codeOf(error) !== 'ENAMETOOLONG') throw error;
      this.#leaveOut(path, 'longPath');
    }
  }

  data(bytes: Buffer): void {
    this.#open?.content.write(bytes);
  }

  end(): void {
    if (this.#open === undefined) return;
    const { fd, entry, content } = this.#open;
    content.end();
    const { uid, gid } = this.#ownerOf(entry);
    fchownSync(fd, uid, gid);
    fchmodSync(fd, entry.mode & 0o777);
    futimesSync(fd, entry.mtime, entry.mtime);
    this.#close();
  }

  /** All entries have been written. Directories get their modes and times last: what is put into one changes them. */
  finish(): void {
    const allowed = this.#options.owner === undefined ? 0o1777 : 0o777;
    for (const { path, entry } of this.#directories.toReversed()) {
      const target = this.#paths.at(path);
      const { uid, gid } = this.#ownerOf(entry);
      chownSync(target, uid, gid);
      chmodSync(target, entry.mode & allowed);
      utimesSync(target, entry.mtime, entry.mtime);
    }
  }

  [Symbol.dispose](): void {
    this.#close();
    this.#paths[Symbol.dispose]();
  }

  #close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** @throws UnpackError for what has no place in the tree */
  #treatment(path: string, entry: TarEntry): Treatment {
    if (path === '') return 'kept';
    const parent = this.#seen.get(parentOf(path));
    if (parent !== 'directory' && parent !== 'left-out') throw refused(entry, 'is in no directory');
    if (this.#seen.has(path)) throw refused(entry, 'is there twice');
    const { scope } = this.#options;
    if (parent === 'left-out') return 'left-out';
    return scope === undefined ? 'kept' : treatmentOf(path, entry.kind === 'directory', scope);
  }

  #make(path: string, entry: TarEntry, treatment: Treatment): void {
    const rewrite = REWRITERS[treatment];
    switch (entry.kind) {
      case 'directory':
        return this.#directory(path, entry);
      case 'file':
        return rewrite === undefined ? this.#file(path, entry) : this.#rewritten(path, entry, rewrite);
      case 'link':
        return this.#link(path, entry, rewrite);
      case 'symlink':
        return rewrite === undefined ? this.#symlink(path, entry) : this.#leaveOut(path, 'oddGit');
      default:
        return this.#leaveOut(path, entry.kind);
    }
  }

  #directory(path: string, entry: TarEntry): void {
    const target = this.#paths.at(path);
    if (path !== '' && !this.#isLayersDirectory(target)) {
      this.#inPlace(target, () => mkdirSync(target, 0o700));
    }
    this.#made(path, 'directory', entry);
    this.#directories.push({ path, entry });
  }

  #isLayersDirectory(target: string | Buffer): boolean {
    return (
      this.#options.isLayered === true && lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true
    );
  }

  #file(path: string, entry: TarEntry): void {
    const { sparseSize } = entry;
    this.#begin(path, entry, (fd) =>
      sparseSize === undefined
        ? new PlainContent(fd)
        : new SparseContent(fd, sparseSize, (bytes) => this.#budget.content(bytes)),
    );
  }

  #rewritten(path: string, entry: TarEntry, rewrite: (text: string) => string): void {
    if (entry.sparseSize !== undefined || entry.size > MAX_REWRITTEN_BYTES) {
      this.#leaveOut(path, 'oddGit');
    } else {
      this.#begin(path, entry, (fd) => new RewrittenContent(fd, rewrite));
    }
  }

  #begin(path: string, entry: TarEntry, contentOf: (fd: number) => FileContent): void {
    const target = this.#paths.at(path);
    const fd = this.#inPlace(target, () => openSync(target, 'wx', 0o600));
    try {
      this.#open = { fd, entry, content: contentOf(fd) };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#made(path, 'file', entry);
  }

  #symlink(path: string, entry: TarEntry): void {
    if (entry.linkName === '' || entry.linkName.includes('\0')) throw refused(entry, 'links to nothing');
    const target = this.#paths.at(path);
    this.#inPlace(target, () => symlinkSync(Buffer.from(entry.linkName, 'latin1'), target));
    const { uid, gid } = this.#ownerOf(entry);
    lchownSync(target, uid, gid);
    lutimesSync(target, entry.mtime, entry.mtime);
    this.#seen.set(path, 'other');
  }

  #link(path: string, entry: TarEntry, rewrite: ((text: string) => string) | undefined): void {
    const original = entryPath(entry.linkName, this.#options.droppedSegments);
    const seen = this.#seen.get(original);
    if (seen === 'left-out') return this.#leaveOut(path, 'lostLink');
    if (seen !== 'file') throw refused(entry, 'links to no file before it');
    const [source, target] = [this.#paths.at(original), this.#paths.at(path)];
    if (rewrite !== undefined) {
      this.#rewrittenLink(path, entry, source, rewrite);
    } else {
      this.#inPlace(target, () => linkSync(source, target));
      this.#seen.set(path, 'file');
    }
  }

  /** The other name of the file is not treated, so that this one becomes a file of its own. */
  #rewrittenLink(
    path: string,
    entry: TarEntry,
    source: string | Buffer,
    rewrite: (text: string) => string,
  ): void {
    const { size } = lstatSync(source);
    this.#budget.content(size);
    this.#rewritten(path, { ...entry, size }, rewrite);
    if (this.#open !== undefined) this.#open.content.write(readFileSync(source));
  }

  #made(path: string, seen: Seen, { mode }: TarEntry): void {
    if ((mode & SET_ID) !== 0) this.warnings.note('setId');
    this.#seen.set(path, seen);
  }

  #leaveOut(path: string, warning: Warning): void {
    this.warnings.note(warning);
    this.#seen.set(path, 'left-out');
  }

  /** Makes something at a path where nothing is yet, except of the layer: that goes, with all that is in it. */
  #inPlace<T>(target: string | Buffer, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || this.#options.isLayered !== true) throw error;
    }
    rmSync(target, { recursive: true });
    return make();
  }

  #ownerOf({ uid, gid }: TarEntry) {
    return this.#options.owner ?? { uid, gid };
  }
}

const refused = ({ name }: TarEntry, why: string) => new UnpackError(`${shown(name)} in the archive ${why}.`);

const codeOf = (error: unknown) => (error as Partial<NodeJS.ErrnoException> | null)?.code;
