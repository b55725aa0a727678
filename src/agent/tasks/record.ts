import type { Logger } from '../../domain/log.ts';
import type { TaskAssignment, TaskUsage } from '../../domain/task.ts';
import type { Records } from '../records.ts';

/** What a node remembers of a task that is not over, over its own restarts. */
export interface TaskRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly assignment: TaskAssignment;
  /** How its provider is reached, sealed: the key is part of it. */
  readonly upstream: string;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Whether its sandbox has taken it on. */
  readonly isBegun: boolean;
  readonly usage: TaskUsage;
  /** What its provider said when it turned it away for good. */
  readonly refusal?: string;
  /** Somebody wants it to end, also if it has not begun yet. */
  readonly isCancelled?: boolean;
}

/** The record of one task: what is noted is known at once, and on disk a moment later. */
export class TaskNotes {
  readonly #records: Records<TaskRecord>;
  readonly #log: Logger;
  #record: TaskRecord;
  #saved: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(records: Records<TaskRecord>, record: TaskRecord, log: Logger) {
    this.#records = records;
    this.#record = record;
    this.#log = log;
  }

  get record(): TaskRecord {
    return this.#record;
  }

  /** Resolves when everything noted is on disk, or could not be written. */
  get saved(): Promise<void> {
    return this.#saved;
  }

  /** On disk when it returns: one after the other, so that the last one stays. Never rejects. */
  note(news: Partial<TaskRecord>): Promise<void> {
    this.#record = { ...this.#record, ...news };
    this.#saved = this.#saved.then(() => this.#save());
    return this.#saved;
  }

  /** Forgets it for good: what is noted from here on is not written. @throws the system's error; may be repeated */
  async remove(): Promise<void> {
    this.#isOver = true;
    await this.#saved;
    await this.#records.remove(this.#record.id);
  }

  async #save(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#records.save(this.#record);
    } catch (error) {
      this.#log.error('the record of a task could not be saved', error, { taskId: this.#record.id });
    }
  }
}
