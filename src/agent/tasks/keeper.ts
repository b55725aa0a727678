import { notFound, SandboxdError, taskInProgress } from '../../domain/errors.ts';
import type { SandboxRuntime } from '../../domain/runtime.ts';
import { maskedBytes } from '../../domain/masked.ts';
import { orAborted } from '../../domain/pause.ts';
import { NO_USAGE, type NodeTasks, type TaskFile, type TaskOrder } from '../../domain/task.ts';
import { KeyedLock } from '../keyed-lock.ts';
import type { TaskKeeperContext } from './context.ts';
import { TaskEvents } from './events.ts';
import type { TaskRecord } from './record.ts';
import { endKey } from './reports.ts';
import { TaskRun } from './run.ts';
import { fileAtRest } from './file.ts';

/** A sandbox that goes up and down this often within one read is not worth a further try. */
const MAX_TURNS = 3;

/** The tasks of this node: begun once, followed to their ends over restarts of the node, and reported once. */
export class TaskKeeper {
  readonly #context: TaskKeeperContext;
  readonly #runs = new Map<string, TaskRun>();
  readonly #lock = new KeyedLock();
  readonly #events: TaskEvents;

  constructor(context: TaskKeeperContext) {
    this.#context = context;
    this.#events = new TaskEvents(context, this.#runs);
  }

  /** Ids of those that are not over, or of whose end the API has not heard. */
  get unfinished(): string[] {
    const { records, outbox } = this.#context;
    return [...new Set([...records.all().map(({ id }) => id), ...outbox.taskIds])];
  }

  /** @throws task_in_progress while a task of it has not ended */
  requireIdle(sandboxId: string): void {
    const running = this.#context.records.all().find((record) => record.sandboxId === sandboxId);
    if (running !== undefined) throw taskInProgress(running.id);
  }

  /** Takes up what an earlier run of this node left. */
  async resume(): Promise<void> {
    const { records, outbox } = this.#context;
    for (const record of records.all()) {
      // The end of it was handed over, and the record outlived that by a crash.
      if (outbox.holds(endKey(record.id))) await records.remove(record.id);
      else this.#start(record, true);
    }
  }

  /** Returns when every task has come to its end, or the signal aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    const all = Promise.all([...this.#runs.values()].map((run) => run.ended));
    await orAborted(all, signal);
  }

  /** Lets go of all of them, as they are. */
  async leave(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.leave()));
  }

  of(sandboxId: string): NodeTasks {
    const { sandboxes } = this.#context;
    return {
      submit: (order) => this.#submit(sandboxId, order),
      events: (taskId, since, signal) => this.#events.follow(sandboxId, taskId, since, signal),
      log: (taskId) => this.#read(sandboxId, taskId, 'agent.log', (runtime) => runtime.tasks.log(taskId)),
      diff: (taskId) =>
        this.#read(sandboxId, taskId, 'changes.diff', (runtime) => runtime.tasks.diff(taskId)),
      cancel: async (taskId) => {
        sandboxes.require(sandboxId);
        const run = this.#runs.get(taskId);
        if (run?.sandboxId !== sandboxId) throw notFound('running task');
        await run.cancel();
      },
      revert: async (taskId, checkpointId) => {
        sandboxes.require(sandboxId);
        using _ = sandboxes.hold(sandboxId, 'a task is taken back');
        const runtime = await sandboxes.awake(sandboxId);
        return await runtime.tasks.revert(taskId, checkpointId);
      },
    };
  }

  async #submit(sandboxId: string, order: TaskOrder): Promise<void> {
    this.#context.sandboxes.require(sandboxId);
    const run = await this.#lock.run(sandboxId, () => this.#accept(sandboxId, order));
    try {
      await run.begun;
    } catch (error) {
      // With nothing left of it when its submitter hears.
      await run.ended;
      throw error;
    }
  }

  async #accept(sandboxId: string, order: TaskOrder): Promise<TaskRun> {
    const known = this.#runs.get(order.id);
    if (known !== undefined) return known;
    const { ports, records } = this.#context;
    this.requireIdle(sandboxId);
    const offered = await ports.engine.imageAgents(ports.defaults.image);
    if (!offered.has(order.agent)) throw missing(order.agent);
    const { upstream, ...assignment } = order;
    const record = await records.save({
      id: order.id,
      sandboxId,
      assignment,
      upstream: await ports.seal.close(JSON.stringify(upstream)),
      acceptedAt: ports.clock(),
      isBegun: false,
      usage: NO_USAGE,
    });
    return this.#start(record, false);
  }

  #start(record: TaskRecord, isRecovered: boolean): TaskRun {
    const run = new TaskRun(this.#context, record, isRecovered);
    this.#runs.set(record.id, run);
    void run.ended.then(() => this.#runs.delete(record.id));
    return run;
  }

  /** From where it is: inside while the sandbox runs, on the disk while it is at rest. */
  async #read(
    sandboxId: string,
    taskId: string,
    file: TaskFile,
    inside: (runtime: SandboxRuntime) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const { sandboxes, configs } = this.#context;
    sandboxes.require(sandboxId);
    const mask = await configs.mask(sandboxId);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const runtime = await sandboxes.running(sandboxId);
      if (runtime !== undefined) return maskedBytes(mask, await inside(runtime));
      const bytes = await fileAtRest(this.#context, sandboxId, taskId, file);
      if (bytes !== undefined) return maskedBytes(mask, bytes);
    }
    throw unsettled();
  }
}

const unsettled = () =>
  new SandboxdError(
    'sandbox_unavailable',
    'The sandbox is between running and stopped. Try again in a moment.',
  );

const missing = (agent: string) =>
  new SandboxdError(
    'invalid_request',
    `agent: the image of this server does not carry ${agent}. Name one that GET /v1/agents shows as installed; which there are is the operator's choice (SANDBOXD_AGENTS).`,
  );
