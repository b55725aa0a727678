import { setImmediate } from 'node:timers/promises';
import { SandboxdError } from '../../domain/errors.ts';
import { maskedEvent } from '../../domain/masked.ts';
import { orAborted, pause } from '../../domain/pause.ts';
import { parseTaskEvent } from '../../domain/task-event.ts';
import type { TaskEvent } from '../../domain/task.ts';
import type { LiveSandbox } from '../live.ts';
import { fileAtRest } from './file.ts';
import type { TaskKeeperContext } from './context.ts';
import type { TaskRun } from './run.ts';

/** Between looks whether a sandbox that is down is up again, in milliseconds. */
const LOOK_MS = 250;
/** Of one sandbox: each holds a connection to it, or the whole of a log. */
const MAX_FOLLOWERS = 48;
/** Lines of a disk before others have their turn. */
const LINES_AT_ONCE = 200;
/** A log with more lines that are no events of it is none: a tenant can put anything in its place. */
const MAX_FOREIGN_LINES = 1000;
const NEWLINE = 0x0a;

type Events = AsyncIterable<TaskEvent>;

/** The events of this node's tasks, for everybody who follows one. */
export class TaskEvents {
  readonly #context: TaskKeeperContext;
  readonly #runs: ReadonlyMap<string, TaskRun>;
  readonly #followers = new Map<string, number>();

  /** @param runs those that have not come to their ends, by their ids */
  constructor(context: TaskKeeperContext, runs: ReadonlyMap<string, TaskRun>) {
    this.#context = context;
    this.#runs = runs;
  }

  /**
   * What has happened and happens, wherever the sandbox is meanwhile: inside while it runs, on the disk while it does
   * not. The end is told once its report is on the way.
   * @throws not_found, sandbox_unavailable, unavailable when too many follow already
   */
  async *follow(
    sandboxId: string,
    taskId: string,
    since: number,
    signal: AbortSignal,
  ): AsyncGenerator<TaskEvent, void, undefined> {
    this.#context.sandboxes.require(sandboxId);
    using _ = this.#enter(sandboxId);
    let last = since;
    while (!signal.aborted) {
      const live = this.#context.sandboxes.live(sandboxId);
      const isOver = !this.#runs.has(taskId);
      const written = isOver && live === undefined ? await this.#written(sandboxId, taskId, last) : undefined;
      const events = live === undefined ? written : this.#told(live, taskId, last, signal);
      // From the disk as well, when its sandbox rests: what is secret there is opened for that.
      await this.#context.configs.mask(sandboxId);
      for await (const event of events ?? []) {
        if (event.type === 'done') await this.#reported(taskId, signal);
        last = event.seq;
        yield maskedEvent(this.#context.configs.maskNow(sandboxId), event);
        if (event.type === 'done') return;
      }
      if (isOver && (live === undefined ? written !== undefined : !live.detached.aborted)) return;
      // It is about to end, or its sandbox to come up or to rest.
      if (isOver) await pause(LOOK_MS, signal);
      else await this.#reported(taskId, AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]));
    }
  }

  #enter(sandboxId: string): Disposable {
    const count = this.#followers.get(sandboxId) ?? 0;
    if (count >= MAX_FOLLOWERS) throw tooMany();
    this.#followers.set(sandboxId, count + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#followers.get(sandboxId) ?? 1) - 1;
        if (left > 0) this.#followers.set(sandboxId, left);
        else this.#followers.delete(sandboxId);
      },
    };
  }

  /** Returns once the end of a task is on the way to the API, or the signal aborts. */
  async #reported(taskId: string, signal: AbortSignal): Promise<void> {
    const run = this.#runs.get(taskId);
    if (run !== undefined) await orAborted(run.ended, signal);
  }

  /** Ends early, without an error, when the sandbox goes away. */
  async *#told(live: LiveSandbox, taskId: string, since: number, signal: AbortSignal): Events {
    const either = AbortSignal.any([signal, live.detached]);
    try {
      const runtime = await live.reach();
      yield* runtime.tasks.events(taskId, since, either);
    } catch (error) {
      if (!live.detached.aborted) throw error;
    }
  }

  /** What is on the disk of one that is over. Undefined while its sandbox may be running. */
  async #written(sandboxId: string, taskId: string, since: number): Promise<Events | undefined> {
    const bytes = await fileAtRest(this.#context, sandboxId, taskId, 'events.jsonl');
    return bytes && eventsIn(bytes, since);
  }
}

/** One at a time: a log has room for a million lines, and the tenant may have written them. */
async function* eventsIn(bytes: Uint8Array, since: number): Events {
  let last = since;
  let foreign = 0;
  let lines = 0;
  for (let from = 0; from < bytes.length && foreign <= MAX_FOREIGN_LINES; lines += 1) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline < 0 ? bytes.length : newline;
    const event = parseTaskEvent(Buffer.from(bytes.subarray(from, end)).toString());
    from = end + 1;
    if (event === undefined) foreign += 1;
    else if (event.seq > last) {
      last = event.seq;
      yield event;
    }
    if (lines % LINES_AT_ONCE === LINES_AT_ONCE - 1) await setImmediate();
  }
}

const tooMany = () =>
  new SandboxdError(
    'unavailable',
    `More than ${MAX_FOLLOWERS} listeners follow the tasks of this sandbox already. Try again in a moment.`,
  );
