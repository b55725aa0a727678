import { parseTaskEvent } from '../../domain/task-event.ts';
import {
  MAX_TASK_DIFF_BYTES,
  MAX_TASK_EVENT_LENGTH,
  MAX_TASK_LOG_BYTES,
  TASK_FILES,
  type Reverted,
  type RuntimeTasks,
  type TaskEnding,
  type TaskEvent,
  type TaskSubmission,
} from '../../domain/task.ts';
import { brokenOff, parseReverted, unknownAnswer } from './answers.ts';
import type { CallOptions, ControlChannel } from './channel.ts';
import { type Pace, paced } from './pace.ts';

const DEADLINE_MS = 30_000;
/** A revert compares and rewrites the whole app, and ends processes. */
const REVERT_DEADLINE_MS = 120_000;
/** A long task is told again in seconds; one without an end must not keep the node busy. */
const EVENT_PACE: Pace = { burst: 5000, perSecond: 2000 };
/** It repeats the id. */
const MAX_ACCEPTED_BYTES = 1024;
const MAX_REVERTED_BYTES = 8 * 1024 * 1024;

/** The tasks of a sandbox that runs. */
export class RunningTasks implements RuntimeTasks {
  readonly #channel: ControlChannel;

  constructor(channel: ControlChannel) {
    this.#channel = channel;
  }

  async submit({ assignment, env }: TaskSubmission): Promise<void> {
    const body = JSON.stringify({ ...assignment, env });
    await this.#call('/v1/tasks', MAX_ACCEPTED_BYTES, { method: 'POST', body });
  }

  async *events(
    taskId: string,
    since: number,
    signal: AbortSignal,
  ): AsyncGenerator<TaskEvent, void, undefined> {
    const query = { since: String(since) };
    // An agent may think for as long as it likes: a stream in silence is none that is broken.
    const options = { query, signal, silenceMs: 0 };
    const lines = this.#channel.lines(`${of(taskId)}/events`, MAX_TASK_EVENT_LENGTH, options);
    let last = since;
    let length = 0;
    for await (const line of paced(lines, EVENT_PACE, signal)) {
      length += line.length;
      if (length > TASK_FILES['events.jsonl']) throw unknownAnswer();
      const event = parseTaskEvent(line);
      // The end is told also to who asks for what comes after it.
      if (event === undefined || (event.seq <= last && event.type !== 'done')) throw unknownAnswer();
      last = event.seq;
      yield event;
      if (event.type === 'done') return;
    }
    if (!signal.aborted) throw brokenOff();
  }

  log(taskId: string): Promise<Uint8Array> {
    return this.#call(`${of(taskId)}/log`, MAX_TASK_LOG_BYTES, {});
  }

  diff(taskId: string): Promise<Uint8Array> {
    return this.#call(`${of(taskId)}/diff`, MAX_TASK_DIFF_BYTES, {});
  }

  async end(taskId: string, ending: TaskEnding): Promise<void> {
    await this.#call(`${of(taskId)}/end`, MAX_ACCEPTED_BYTES, {
      method: 'POST',
      body: JSON.stringify(ending),
    });
  }

  async revert(taskId: string, checkpointId?: string): Promise<Reverted> {
    const answer = await this.#channel.call(`${of(taskId)}/revert`, MAX_REVERTED_BYTES, {
      method: 'POST',
      body: JSON.stringify({ checkpoint_id: checkpointId }),
      signal: AbortSignal.timeout(REVERT_DEADLINE_MS),
    });
    return parseReverted(answer.toString());
  }

  #call(path: string, maxBytes: number, options: Omit<CallOptions, 'signal'>): Promise<Buffer> {
    return this.#channel.call(path, maxBytes, { ...options, signal: AbortSignal.timeout(DEADLINE_MS) });
  }
}

const of = (taskId: string): string => `/v1/tasks/${encodeURIComponent(taskId)}`;
