import type { DiffFile, DiffLine } from '../../views/task-models.ts';
import { unquotedPath } from './diff-path.ts';

/** What a page shows at most; the rest is counted. */
const MAX_FILES = 100;
const MAX_FILE_LINES = 500;
const MAX_LINES = 3000;
/** In characters. */
const MAX_LENGTH = 500;

export interface Diff {
  readonly files: readonly DiffFile[];
  /** Files that are not among them. */
  readonly moreFiles: number;
}

interface Draft {
  path: string;
  change: DiffFile['change'];
  isBinary: boolean;
  added: number;
  removed: number;
  omitted: number;
  readonly lines: DiffLine[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Reads a unified diff. Which lines belong to a file's content is told by the counts of its hunks, never by how they
 * look: content can look like any header.
 */
export function parseDiff(text: string): Diff {
  const reader = new DiffReader();
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) reader.read(line);
  return reader.result();
}

class DiffReader {
  readonly #files: Draft[] = [];
  #shown = 0;
  /** Lines that the hunk still has, of the file before and of the file after. */
  #left = { before: 0, after: 0 };
  #number = { before: 0, after: 0 };
  /** What `---` said; undefined for a file that was not there. */
  #nameBefore: string | undefined;
  /** Whether the last file was begun by a line of git's, and its `---` is still to come. */
  #isAnnounced = false;

  read(line: string): void {
    const file = this.#files.at(-1);
    if (file !== undefined && (this.#left.before > 0 || this.#left.after > 0)) this.#content(file, line);
    else if (line.startsWith('\\') && file !== undefined)
      this.#put(file, { kind: 'note', text: line.slice(2) });
    else this.#header(line);
  }

  result(): Diff {
    for (const file of this.#files) file.path ||= 'unnamed';
    return { files: this.#files.slice(0, MAX_FILES), moreFiles: Math.max(0, this.#files.length - MAX_FILES) };
  }

  #header(line: string): void {
    if (line.startsWith('diff --git ')) {
      this.#begin(announcedName(line));
      this.#isAnnounced = true;
    } else if (line.startsWith('--- ')) this.#before(nameOf(line));
    else if (line.startsWith('+++ ')) this.#after(nameOf(line));
    else if (HUNK.test(line)) this.#hunk(line);
    else this.#extended(line);
  }

  #before(name: string | undefined): void {
    // Without a line of git's before it, this is how a file begins.
    if (!this.#isAnnounced) this.#begin('');
    this.#isAnnounced = false;
    this.#nameBefore = name;
  }

  #after(name: string | undefined): void {
    const file = this.#files.at(-1) ?? this.#begin('');
    file.path = name ?? this.#nameBefore ?? file.path;
    if (name === undefined) file.change = 'removed';
    else if (this.#nameBefore === undefined) file.change = 'added';
  }

  /** What git says between its first line and the content; all there is of a file without a change in its text. */
  #extended(line: string): void {
    const file = this.#files.at(-1);
    if (file === undefined) return;
    if (line.startsWith('new file')) file.change = 'added';
    else if (line.startsWith('deleted file')) file.change = 'removed';
    else if (line.startsWith('rename to '))
      Object.assign(file, { path: unquotedPath(line.slice(10)), change: 'moved' });
    else if (line.startsWith('Binary files ')) file.isBinary = true;
    else if (line.startsWith('GIT binary patch')) file.isBinary = true;
  }

  #begin(path: string): Draft {
    const file: Draft = {
      path,
      change: 'changed',
      isBinary: false,
      added: 0,
      removed: 0,
      omitted: 0,
      lines: [],
    };
    this.#files.push(file);
    this.#nameBefore = undefined;
    return file;
  }

  #hunk(line: string): void {
    const file = this.#files.at(-1);
    const [, before, beforeCount, after, afterCount] = HUNK.exec(line) ?? [];
    if (file === undefined) return;
    this.#number = { before: Number(before), after: Number(after) };
    this.#left = { before: Number(beforeCount ?? 1), after: Number(afterCount ?? 1) };
    this.#put(file, { kind: 'hunk', text: line });
  }

  #content(file: Draft, line: string): void {
    const sign = line[0];
    const text = line.slice(1);
    if (sign === '+') {
      file.added += 1;
      this.#put(file, { kind: 'added', text, number: this.#next('after') });
    } else if (sign === '-') {
      file.removed += 1;
      this.#put(file, { kind: 'removed', text, number: this.#next('before') });
    } else if (sign === '\\') this.#put(file, { kind: 'note', text: line.slice(2) });
    else {
      this.#next('before');
      this.#put(file, { kind: 'same', text, number: this.#next('after') });
    }
  }

  #next(side: 'before' | 'after'): number {
    this.#left[side] -= 1;
    this.#number[side] += 1;
    return this.#number[side] - 1;
  }

  #put(file: Draft, line: DiffLine): void {
    if (file.lines.length >= MAX_FILE_LINES || this.#shown >= MAX_LINES) {
      file.omitted += 1;
      return;
    }
    this.#shown += 1;
    const text = line.text.length > MAX_LENGTH ? `${line.text.slice(0, MAX_LENGTH)}…` : line.text;
    file.lines.push({ ...line, text: text.replaceAll('\r', '') });
  }
}

/** The name in a `---` or `+++` line, without the prefix that git gives it; undefined where there is no file. */
function nameOf(line: string): string | undefined {
  const name = unquotedPath(line.slice(4).replace(/\t.*$/, ''));
  return name === '/dev/null' ? undefined : name.replace(/^[ab]\//, '');
}

/** The name in git's own first line, where it is the same before and after: of a file without a text, nothing else tells. */
function announcedName(line: string): string {
  const names = line.slice('diff --git '.length);
  const half = (names.length - 1) / 2;
  const [before, after] = [names.slice(0, half), names.slice(half + 1)].map(unquotedPath);
  return before?.slice(2) === after?.slice(2) ? (after?.slice(2) ?? '') : '';
}
