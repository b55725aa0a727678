import type { FollowedEvent } from '../../domain/task-following.ts';
import type { BuildStatus, ToolKind, ToolProgress } from '../../domain/task.ts';
import type { Chip } from '../../views/models.ts';
import type { LogEntry, ToolIcon } from '../../views/task-models.ts';
import { duration } from './duration.ts';
import { plainLine, plainText } from './log-text.ts';
import { markdownBlocks } from './markdown.ts';

/** What is shown of one message, in characters. */
const MAX_MESSAGE = 20_000;

type Row = { readonly seq: number } & (
  | { readonly kind: 'step'; readonly text: string; readonly afterMs: number }
  | { readonly kind: 'message'; text: string }
  | { readonly kind: 'tool'; tool: ToolProgress }
  | { readonly kind: 'build'; readonly status: BuildStatus; readonly message: string | undefined }
);

/**
 * A task's events as rows for people: the pieces of a message are one row, and so is everything that is told of one use of
 * a tool.
 */
export class TaskLog {
  readonly #taskId: string;
  /** By what makes one row of several events. */
  readonly #rows = new Map<string, Row>();
  #beganAt: number | undefined;
  #seq = 0;
  #isOver = false;

  constructor(taskId: string) {
    this.#taskId = taskId;
  }

  /** The number of the last event. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether the end has been told. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The keys of the rows that an event adds or changes. The end of a task has none of its own: the task tells it. */
  add(event: FollowedEvent): string[] {
    this.#seq = event.seq;
    this.#beganAt ??= event.at;
    if (event.type === 'done') return this.#leave();
    const key = keyOf(event);
    const known = this.#rows.get(key);
    if (event.type === 'message' && known?.kind === 'message') {
      if (known.text.length <= MAX_MESSAGE) known.text += event.data.text;
    } else if (event.type === 'tool' && known?.kind === 'tool') known.tool = event.data;
    else this.#rows.set(key, rowOf(event, this.#beganAt));
    return [key];
  }

  /** What is under way when a task ends stays so for ever. */
  #leave(): string[] {
    this.#isOver = true;
    return [...this.#rows].flatMap(([key, row]) => (isUnderWay(row) ? [key] : []));
  }

  /** Rows for showing: those with these keys, or all. */
  entries(keys: Iterable<string> = this.#rows.keys()): LogEntry[] {
    return [...keys].flatMap((key) => {
      const row = this.#rows.get(key);
      return row === undefined ? [] : [this.#entry(row)];
    });
  }

  #entry(row: Row): LogEntry {
    const entry = entryOf(row, `log-${this.#taskId}-${row.seq}`);
    return this.#isOver && entry.kind === 'tool' && isUnderWay(row)
      ? { ...entry, status: 'unfinished' }
      : entry;
  }

  /** The keys of the last rows, and how many there are before them. */
  last(count: number): { keys: string[]; omitted: number } {
    const keys = [...this.#rows.keys()];
    return { keys: keys.slice(-count), omitted: Math.max(0, keys.length - count) };
  }
}

const isUnderWay = (row: Row): boolean => row.kind === 'tool' && row.tool.status === 'running';

type Told = Exclude<FollowedEvent, { type: 'done' }>;

const keyOf = (event: Told): string =>
  event.type === 'message' || event.type === 'tool' ? `${event.type} ${event.data.id}` : `event ${event.seq}`;

function rowOf(event: Told, beganAt: number): Row {
  const { seq } = event;
  switch (event.type) {
    case 'status':
      return { seq, kind: 'step', text: event.data.message, afterMs: event.at - beganAt };
    case 'message':
      return { seq, kind: 'message', text: event.data.text };
    case 'tool':
      return { seq, kind: 'tool', tool: event.data };
    default:
      return { seq, kind: 'build', status: event.data.status, message: event.data.message };
  }
}

function entryOf(row: Row, id: string): LogEntry {
  switch (row.kind) {
    case 'step':
      return { id, kind: 'step', text: plainLine(row.text), after: duration(row.afterMs) };
    case 'message': {
      const isCut = row.text.length > MAX_MESSAGE;
      return { id, kind: 'message', blocks: markdownBlocks(row.text.slice(0, MAX_MESSAGE)), isCut };
    }
    case 'tool':
      return toolEntry(row.tool, id);
    default:
      return { id, kind: 'build', chip: BUILD_CHIPS[row.status], output: textOf(row.message) };
  }
}

const ICONS: Readonly<Record<ToolKind, ToolIcon>> = {
  read: 'file',
  edit: 'pencil',
  execute: 'terminal',
  search: 'search',
  fetch: 'globe',
  other: 'spark',
};

function toolEntry({ name, kind, title, path, status, output }: ToolProgress, id: string): LogEntry {
  const shown = plainLine(title) || plainLine(name) || 'A tool';
  const elsewhere = path === undefined || shown.includes(path) ? undefined : plainLine(path);
  return {
    id,
    kind: 'tool',
    icon: ICONS[kind],
    title: shown,
    path: elsewhere,
    status,
    output: textOf(output),
  };
}

const textOf = (output: string | undefined): string | undefined =>
  plainText(output ?? '').trim() || undefined;

export const BUILD_CHIPS: Readonly<Record<BuildStatus, Chip>> = {
  passed: { label: 'Build passed', tone: 'ok' },
  failed: { label: 'Build failed', tone: 'bad' },
  skipped: { label: 'Build skipped', tone: 'idle' },
};
