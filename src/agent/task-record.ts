import type { TaskAssignment, TaskUsage } from '../domain/task.ts';

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
}
