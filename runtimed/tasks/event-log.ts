import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Clock } from '../../src/domain/ids.ts';
import type { Logger } from '../../src/domain/log.ts';
import { maskedHappening } from '../../src/domain/masked.ts';
import { MAX_TASK_EVENT_BYTES, type TaskHappening } from '../../src/domain/task.ts';
import { Changes } from '../changes.ts';
import type { MaskSource } from '../config/masked-output.ts';
import { EventLines } from './event-lines.ts';

/** What a task needs to come to its end; all else is left out of a log that is full. */
const ESSENTIAL: ReadonlySet<TaskHappening['type']> = new Set(['status', 'build', 'done']);
/** Bytes of what an event has besides what happened. */
const NUMBERING = 64;
/** Characters that are written at a time. */
const MAX_BATCH = 256 * 1024;

/** An event on its way to the disk. */
interface Pending {
  /** What happened, as JSON without its opening brace. */
  readonly body: string;
  readonly at: number;
  readonly isDone: boolean;
}

interface EventLogContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly masks: MaskSource;
}

/**
 * The events of one task on disk, without what is secret, one JSON object a line, numbered from 1 without gaps. They are told when they are
 * written. The file is the tenant's to break: it stays the one that was opened, also when its name is gone.
 */
export class EventLog implements AsyncDisposable {
  /** Told after every event. */
  readonly changes = new Changes();
  readonly #handle: FileHandle;
  readonly #context: EventLogContext;
  readonly #limit: number;
  #size: number;
  #claimed: number;
  #seq: number;
  #lastAt: number | undefined;
  #done: string | undefined;
  #pending: Pending[] = [];
  #queue: Promise<void> = Promise.resolve();

  private constructor(
    handle: FileHandle,
    found: EventLines['summary'],
    context: EventLogContext,
    limit: number,
  ) {
    this.#handle = handle;
    this.#context = context;
    this.#limit = limit;
    this.#size = found.end;
    this.#claimed = found.end;
    this.#seq = found.seq;
    this.#lastAt = found.at;
    this.#done = found.done;
  }

  /**
   * Goes on with what is there. A last line that was cut off by a crash is dropped: nobody was told of it.
   * @param handle to read and to append; the log's from now on
   */
  static async continue(
    handle: FileHandle,
    context: EventLogContext,
    limit = MAX_TASK_EVENT_BYTES,
  ): Promise<EventLog> {
    try {
      const lines = new EventLines(handle);
      while ((await lines.read()) !== '');
      await handle.truncate(lines.summary.end);
      return new EventLog(handle, lines.summary, context, limit);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The line of its `done`; undefined while the task has not ended. */
  get done(): string | undefined {
    return this.#done;
  }

  /** When the latest event was, in milliseconds since the epoch. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }

  /**
   * Resolves when it is on disk and told, or dropped: beyond the limit, or where the disk takes nothing. Events keep
   * their order. Never rejects.
   */
  append(happening: TaskHappening): Promise<void> {
    const body = JSON.stringify(maskedHappening(this.#context.masks.mask, happening)).slice(1);
    const length = Buffer.byteLength(body) + NUMBERING;
    // Claimed before it is written: what waits for the disk is bounded by the same limit.
    if (!ESSENTIAL.has(happening.type) && this.#claimed + length > this.#limit) return this.#queue;
    this.#claimed += length;
    this.#pending.push({ body, at: this.#context.clock(), isDone: happening.type === 'done' });
    // Whoever waits for the disk is written with all that wait by then: an agent may tell faster than a disk takes.
    if (this.#pending.length === 1) this.#queue = this.#queue.then(() => this.#writePending());
    return this.#queue;
  }

  /** The same file for another reader, who closes it. */
  openToRead(): Promise<FileHandle> {
    return open(`/proc/self/fd/${this.#handle.fd}`, 'r');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    await this.#handle.close();
  }

  async #writePending(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (let from = 0, to = 0; from < pending.length; from = to) {
      for (let length = 0; to < pending.length && length < MAX_BATCH; to += 1) {
        length += pending[to]?.body.length ?? 0;
      }
      await this.#write(pending.slice(from, to));
    }
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    if (this.#done !== undefined) return;
    const end = batch.findIndex(({ isDone }) => isDone);
    const events = end < 0 ? batch : batch.slice(0, end + 1);
    const lines = events.map(({ body, at }, index) => `{"seq":${this.#seq + 1 + index},"at":${at},${body}\n`);
    const isWritten = await this.#appendLines(lines.join(''));
    // A disk that does not take all of them may take some.
    if (!isWritten && events.length > 1) {
      for (const event of events) await this.#write([event]);
      return;
    }
    // Everybody waits for the end of a task: it is told also where it cannot be kept.
    if (!isWritten && end < 0) return;
    this.#seq += events.length;
    this.#lastAt = events.at(-1)?.at;
    if (end >= 0) this.#done = lines.at(-1);
    this.changes.notify();
  }

  /** @returns whether it is on disk, whole */
  async #appendLines(text: string): Promise<boolean> {
    try {
      await this.#handle.appendFile(text);
      this.#size += Buffer.byteLength(text);
      return true;
    } catch (error) {
      this.#context.logger.error('an event of a task could not be written', error);
      // A part of it may be there, and would spoil the next one.
      await this.#handle.truncate(this.#size).catch(() => {});
      return false;
    }
  }
}
