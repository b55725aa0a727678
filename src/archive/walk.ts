import { type BigIntStats, closeSync, fstatSync, readlinkSync } from 'node:fs';
import { DirectoryStack, type Listed, isGone } from './directory-stack.ts';
import type { Findings } from './findings.ts';
import { MAX_PATH_BYTES } from './limits.ts';
import { OpenFile } from './open-file.ts';
import { isOpaque } from './overlay.ts';
import type { Treatment } from './scope.ts';

export type EntryKind = 'directory' | 'file' | 'symlink';

/** Something in a tree. */
export interface TreeEntry {
  /** Relative to the root, its bytes as latin1. */
  readonly path: string;
  readonly kind: EntryKind;
  readonly treatment: Treatment;
  readonly stat: BigIntStats;
  /** Of a symlink: what it holds, its bytes as latin1. */
  readonly target?: string;
  /**
   * Of a file: opens it, once, for whoever asks to close. Only until the next entry is asked for.
   * @returns undefined when it is no longer that file
   */
  readonly open: () => number | undefined;
}

/** Says what becomes of an entry. */
export type Chooser = (path: string, isDirectory: boolean) => Treatment;

export interface WalkOptions {
  /** The tree, or the layers of an overlay, the uppermost first. */
  readonly roots: readonly string[];
  readonly choose: Chooser;
  readonly findings: Findings;
  /** Nearly every file will be opened: then that says of a file what else would have to be asked before. */
  readonly opensFiles?: boolean;
}

/** A directory on the way down, in those of the roots that have it, the uppermost first. */
interface Frame {
  readonly prefix: string;
  readonly listed: readonly Listed[];
  next: number;
  readonly stacks: readonly DirectoryStack[];
}

interface Found {
  readonly stack: DirectoryStack;
  readonly entry: TreeEntry;
  readonly file?: OpenFile;
}

/**
 * Everything that is chosen, each directory before what is in it, names in the order of their bytes. The tree may change
 * meanwhile: what vanishes is noted, and nothing outside of the roots is ever looked at.
 */
export function* walkTree(options: WalkOptions): Generator<TreeEntry, void, undefined> {
  using owned = new DisposableStack();
  const walk = new Walk(options);
  const stacks = options.roots.map((root) => owned.use(new DirectoryStack(root)));
  const frames = [frameOf('', stacks)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const listed = frame.listed[frame.next];
    frame.next += 1;
    if (listed === undefined) {
      frames.pop();
      if (frames.length > 0) for (const stack of frame.stacks) stack.leave();
      continue;
    }
    const found = walk.find(frame, listed);
    if (found === undefined) continue;
    using _file = found.file;
    yield found.entry;
    const below = found.entry.kind === 'directory' && walk.enter(frame, listed.name, found.stack);
    if (below) frames.push(below);
  }
}

function frameOf(prefix: string, stacks: readonly DirectoryStack[]): Frame {
  const [only] = stacks;
  const listed = stacks.length === 1 && only !== undefined ? only.list() : union(stacks);
  return { prefix, listed, next: 0, stacks };
}

/** Of what kind something is depends on the layer. */
const union = (stacks: readonly DirectoryStack[]): Listed[] =>
  [...new Set(stacks.flatMap((stack) => stack.list().map(({ name }) => name)))]
    .toSorted()
    .map((name) => ({ name, isFile: false }));

class Walk {
  readonly #options: WalkOptions;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** What a name stands for in the uppermost layer that has it; undefined for what is not chosen. */
  find({ prefix, stacks }: Frame, { name, isFile }: Listed): Found | undefined {
    const path = prefix + name;
    for (const stack of stacks) {
      if (stack.isLost) continue;
      if (isFile && this.#options.opensFiles === true) return this.#opened(stack, name, path);
      const stat = stack.lstat(name);
      if (stat !== undefined) return this.#looked(stack, stat, name, path);
    }
    return this.#vanished();
  }

  /** The directories of that name, down to where a layer is not to be seen through. */
  enter(frame: Frame, name: string, from: DirectoryStack): Frame | undefined {
    const stacks: DirectoryStack[] = [];
    for (const stack of frame.stacks.slice(frame.stacks.indexOf(from))) {
      if (stack.isLost || unlessGone(() => stack.enter(name) ?? true) === undefined) break;
      const above = stacks.at(-1);
      if (above !== undefined && isOpaque(above.fd)) {
        stack.leave();
        break;
      }
      stacks.push(stack);
    }
    return stacks.length === 0 ? this.#vanished() : frameOf(`${frame.prefix}${name}/`, stacks);
  }

  #opened(stack: DirectoryStack, name: string, path: string): Found | undefined {
    const treatment = this.#options.choose(path, false);
    if (treatment === 'left-out') return undefined;
    const fd = unlessGone(() => stack.open(name));
    if (fd === undefined) return this.#vanished();
    const file = new OpenFile(fd);
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile()) {
      return { stack, file, entry: { path, kind: 'file', treatment, stat, open: () => file.take() } };
    }
    file[Symbol.dispose]();
    return this.#vanished();
  }

  #looked(stack: DirectoryStack, stat: BigIntStats, name: string, path: string): Found | undefined {
    const kind = this.#kindOf(stat);
    if (kind === undefined) return undefined;
    const treatment = this.#options.choose(path, kind === 'directory');
    if (treatment === 'left-out') return undefined;
    if (kind === 'directory' && path.length > MAX_PATH_BYTES) {
      this.#options.findings.note('tooDeep');
      return undefined;
    }
    const entry = { path, kind, treatment, stat, open: () => openFile(stack, name, stat) };
    if (kind !== 'symlink') return { stack, entry };
    const target = unlessGone(() => readlinkSync(stack.pathOf(name), 'latin1'));
    return target === undefined ? this.#vanished() : { stack, entry: { ...entry, target } };
  }

  /** Undefined for what cannot be archived; whiteouts are no loss, they say that something was deleted. */
  #kindOf(stat: BigIntStats): EntryKind | undefined {
    if (stat.isFile()) return 'file';
    if (stat.isDirectory()) return 'directory';
    if (stat.isSymbolicLink()) return 'symlink';
    if (stat.isCharacterDevice() && stat.rdev === 0n) return undefined;
    this.#options.findings.note(stat.isFIFO() ? 'pipe' : stat.isSocket() ? 'socket' : 'device');
    return undefined;
  }

  #vanished(): undefined {
    this.#options.findings.note('vanished');
  }
}

function openFile(stack: DirectoryStack, name: string, { ino, dev }: BigIntStats): number | undefined {
  const fd = unlessGone(() => stack.open(name));
  if (fd === undefined) return undefined;
  const opened = fstatSync(fd, { bigint: true });
  if (opened.isFile() && opened.ino === ino && opened.dev === dev) return fd;
  closeSync(fd);
  return undefined;
}

/** A link that was swapped for something else cannot be read as one. */
function unlessGone<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
