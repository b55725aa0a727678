import { type BigIntStats, closeSync, fstatSync, readlinkSync } from 'node:fs';
import { DirectoryStack, isGone } from './directory-stack.ts';
import type { Findings } from './findings.ts';
import { MAX_PATH_BYTES } from './limits.ts';
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
   * Of a file: opens it, for whoever asks to close. Only until the next entry is asked for.
   * @returns undefined when it is no longer that file
   */
  readonly open: () => number | undefined;
}

/** Says what becomes of an entry. */
export type Chooser = (path: string, isDirectory: boolean) => Treatment;

/** A directory on the way down, in those of the roots that have it, the uppermost first. */
interface Frame {
  readonly prefix: string;
  readonly names: readonly string[];
  next: number;
  readonly stacks: readonly DirectoryStack[];
}

interface Found {
  readonly stack: DirectoryStack;
  readonly stat: BigIntStats;
}

/**
 * Everything below the roots that is chosen, each directory before what is in it, names in the order of their bytes.
 * Several roots are the layers of an overlay, the uppermost first. The tree may change meanwhile: what vanishes is noted,
 * and nothing outside of the roots is ever looked at.
 */
export function* walkTree(
  roots: readonly string[],
  choose: Chooser,
  findings: Findings,
): Generator<TreeEntry, void, undefined> {
  using owned = new DisposableStack();
  const frames = [
    frameOf(
      '',
      roots.map((root) => owned.use(new DirectoryStack(root))),
    ),
  ];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const name = frame.names[frame.next];
    frame.next += 1;
    if (name === undefined) {
      frames.pop();
      if (frames.length > 0) for (const stack of frame.stacks) stack.leave();
      continue;
    }
    const found = find(frame, name);
    const entry = found && entryOf(found, name, frame.prefix + name, choose, findings);
    if (found === undefined) findings.note('vanished');
    if (found === undefined || entry === undefined) continue;
    yield entry;
    if (entry.kind !== 'directory') continue;
    const below = entered(frame, name, found.stack);
    if (below === undefined) findings.note('vanished');
    else frames.push(below);
  }
}

function frameOf(prefix: string, stacks: readonly DirectoryStack[]): Frame {
  const [only] = stacks;
  const names =
    stacks.length === 1 && only !== undefined
      ? only.names()
      : [...new Set(stacks.flatMap((stack) => stack.names()))].toSorted();
  return { prefix, names, next: 0, stacks };
}

/** What a name stands for in the uppermost layer that has it. */
function find({ stacks }: Frame, name: string): Found | undefined {
  for (const stack of stacks) {
    const stat = stack.isLost ? undefined : stack.lstat(name);
    if (stat !== undefined) return { stack, stat };
  }
  return undefined;
}

function entryOf(
  { stack, stat }: Found,
  name: string,
  path: string,
  choose: Chooser,
  findings: Findings,
): TreeEntry | undefined {
  const kind = kindOf(stat, findings);
  if (kind === undefined) return undefined;
  const treatment = choose(path, kind === 'directory');
  if (treatment === 'left-out') return undefined;
  if (kind === 'directory' && path.length > MAX_PATH_BYTES) {
    findings.note('tooDeep');
    return undefined;
  }
  const entry = { path, kind, treatment, stat, open: () => openFile(stack, name, stat) };
  if (kind !== 'symlink') return entry;
  const target = unlessGone(() => readlinkSync(stack.pathOf(name), 'latin1'));
  if (target !== undefined) return { ...entry, target };
  findings.note('vanished');
  return undefined;
}

/** Undefined for what cannot be archived; whiteouts are no loss, they say that something was deleted. */
function kindOf(stat: BigIntStats, findings: Findings): EntryKind | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice() && stat.rdev === 0n) return undefined;
  findings.note(stat.isFIFO() ? 'pipe' : stat.isSocket() ? 'socket' : 'device');
  return undefined;
}

function openFile(stack: DirectoryStack, name: string, { ino, dev }: BigIntStats): number | undefined {
  const fd = unlessGone(() => stack.open(name));
  if (fd === undefined) return undefined;
  const opened = fstatSync(fd, { bigint: true });
  if (opened.isFile() && opened.ino === ino && opened.dev === dev) return fd;
  closeSync(fd);
  return undefined;
}

/** The directories of that name, down to where a layer is not to be seen through. */
function entered(frame: Frame, name: string, from: DirectoryStack): Frame | undefined {
  const stacks: DirectoryStack[] = [];
  for (const stack of frame.stacks.slice(frame.stacks.indexOf(from))) {
    if (unlessGone(() => stack.enter(name) ?? true) === undefined) break;
    const above = stacks.at(-1);
    if (above !== undefined && isOpaque(above.fd)) {
      stack.leave();
      break;
    }
    stacks.push(stack);
  }
  return stacks.length === 0 ? undefined : frameOf(`${frame.prefix}${name}/`, stacks);
}

function unlessGone<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
