import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeReport } from '../domain/node.ts';
import { readAll, writeDurably } from '../host/durable.ts';

/** A report before it has a number. */
export type Draft = Omit<NodeReport, 'seq'>;

interface Entry {
  readonly key: string;
  readonly report: NodeReport;
}

interface Acknowledged {
  readonly seq: number;
  /** Keys of the last reports that left, so that a resumed operation does not report a second time. */
  readonly keys: readonly string[];
}

/** An API that was away for days must not get a message too large to take. */
const BATCH = 500;
const ENDING = '.json';
const STATE = 'acknowledged';
/** Operations under way at one crash are far fewer. */
const REMEMBERED_KEYS = 256;

/** Reports that the API has not acknowledged, on disk before `add` returns. Numbered without gaps. */
export class Outbox {
  readonly #directory: string;
  #entries: Entry[];
  #acknowledged: Acknowledged;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, entries: Entry[], acknowledged: Acknowledged) {
    this.#directory = directory;
    this.#entries = entries;
    this.#acknowledged = acknowledged;
  }

  static async open(directory: string): Promise<Outbox> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const files = await readAll(directory, ENDING);
    const state = files.find(({ name }) => name === STATE);
    const acknowledged: Acknowledged = state ? JSON.parse(state.content) : { seq: 0, keys: [] };
    const entries = files
      .filter(({ name }) => name !== STATE)
      .map(({ content }) => JSON.parse(content) as Entry)
      .filter(({ report }) => report.seq > acknowledged.seq)
      .toSorted((a, b) => a.report.seq - b.report.seq);
    return new Outbox(directory, entries, acknowledged);
  }

  /** The oldest reports that wait, at most as many as one message carries. */
  pending(): NodeReport[] {
    return this.#entries.slice(0, BATCH).map((entry) => entry.report);
  }

  /** Tasks of which something is still to be told. */
  get taskIds(): string[] {
    return this.#entries.flatMap(({ report }) => report.taskId ?? []);
  }

  /** Whether a report with this key waits, or left not long ago. */
  holds(key: string): boolean {
    return this.#acknowledged.keys.includes(key) || this.#entries.some((entry) => entry.key === key);
  }

  /** Whether more wait than `pending` gives. */
  get hasMore(): boolean {
    return this.#entries.length > BATCH;
  }

  /**
   * Adds a report, unless one with the same key was added before.
   * @param key what makes it one and the same, like its operation and type
   */
  add(key: string, draft: Draft): Promise<void> {
    return this.#exclusive(async () => {
      if (this.holds(key)) return;
      const seq = (this.#entries.at(-1)?.report.seq ?? this.#acknowledged.seq) + 1;
      const entry: Entry = { key, report: { ...draft, seq } };
      await writeDurably(this.#path(String(seq)), JSON.stringify(entry));
      this.#entries.push(entry);
    });
  }

  /**
   * Drops every report up to `seq`: the API holds them. It may hold more than this node knows of, when that was restored
   * from a backup and the API was not: what happens from here on is numbered above, or it would be taken for known.
   */
  acknowledge(seq: number): Promise<void> {
    return this.#exclusive(async () => {
      if (seq <= this.#acknowledged.seq) return;
      const done = this.#entries.filter(({ report }) => report.seq <= seq);
      const keys = [...this.#acknowledged.keys, ...done.map(({ key }) => key)].slice(-REMEMBERED_KEYS);
      this.#acknowledged = { seq, keys };
      await writeDurably(this.#path(STATE), JSON.stringify(this.#acknowledged));
      this.#entries = this.#entries.filter(({ report }) => report.seq > seq);
      // What is on disk again after a power cut is below the number, and left out.
      for (const { report } of done) await rm(this.#path(String(report.seq)), { force: true });
    });
  }

  #exclusive<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(task, task);
    this.#tail = turn;
    return turn;
  }

  #path(name: string): string {
    return join(this.#directory, `${name}${ENDING}`);
  }
}
