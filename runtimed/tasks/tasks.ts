import type { FileHandle } from 'node:fs/promises';
import type { AgentId } from '../../src/domain/coding-agent.ts';
import { invalid, notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { Reverted, TaskEnding, TaskSubmission } from '../../src/domain/task.ts';
import type { DriverLoader } from '../agents/driver.ts';
import type { Changes } from '../changes.ts';
import { explained } from '../files/failure.ts';
import { orAborted } from '../pause.ts';
import { openRegular } from '../regular-file.ts';
import type { TaskOrderFile } from './assignment.ts';
import { isTaskId } from './assignment.ts';
import { EventLog } from './event-log.ts';
import { readEvents } from './event-reader.ts';
import { recoverTasks } from './recovery.ts';
import { TaskRun, type TaskRunContext, whyNot } from './task-run.ts';
import { EVENTS_FILE, type TaskFolder, type TaskStore } from './task-store.ts';

/** What is kept of older ones makes way. */
const TASKS_KEPT = 50;

export interface TasksContext extends TaskRunContext {
  readonly store: TaskStore;
  readonly drivers: ReadonlyMap<AgentId, DriverLoader>;
  /** Told when a task begins and when it has ended. */
  readonly changes: Changes;
}

/** What keeps others from beginning. */
interface Occupation {
  /** Of a task; undefined for a revert. */
  readonly taskId?: string;
  run?: TaskRun;
  /** Resolves when it is on disk and told that it has begun; rejects when that failed. */
  readonly begun: Promise<void>;
}

/** The tasks of this sandbox: one at a time, and what is kept of earlier ones. */
export class Tasks implements AsyncDisposable {
  readonly #context: TasksContext;
  readonly #closing = new AbortController();
  #occupation: Occupation | undefined;
  /** Resolves when the place is free again. */
  #working: Promise<void> = Promise.resolve();
  #recovering: Promise<void> = Promise.resolve();
  #tidying: Promise<void> = Promise.resolve();
  /** Aborts when somebody wants to work on what is being tidied. */
  #disturbed = new AbortController();

  constructor(context: TasksContext) {
    this.#context = context;
  }

  /** The task that runs: one whose end has been told does not, although its things may still be put away. */
  get activeId(): string | undefined {
    return this.#isOver ? undefined : this.#occupation?.taskId;
  }

  get #isOver(): boolean {
    return this.#occupation?.run?.log.done !== undefined;
  }

  /** Whether a task or a revert is at work on the app. */
  get isBusy(): boolean {
    return this.#occupation !== undefined;
  }

  /**
   * Ends what an earlier run has left unfinished, while everything else goes on. Once.
   * @param ready resolves when it may begin
   */
  recover(ready: Promise<void>): void {
    const { app } = this.#context;
    const context = { ...this.#context, status: () => app.status, activeId: () => this.activeId };
    const { signal } = this.#closing;
    this.#recovering = orAborted(ready, signal).then(() => recoverTasks(context, signal));
  }

  /** Returns once it is begun. @throws task_in_progress, invalid_request for an agent unknown here, unavailable */
  async submit(submission: TaskSubmission): Promise<void> {
    const { assignment } = submission;
    if (this.activeId === assignment.id) return this.#occupation?.begun;
    // Also while another one runs: an order that was carried out is repeated when its answer was lost.
    if (await this.#isKnown(assignment.id)) return undefined;
    if (this.activeId === assignment.id) return this.#occupation?.begun;
    const { drivers } = this.#context;
    const loadDriver = drivers.get(assignment.agent);
    if (loadDriver === undefined) throw invalid(`agent: must be one of ${[...drivers.keys()].join(', ')}.`);
    const began = Promise.withResolvers<void>();
    // Whoever repeats the order waits for it; nobody has to.
    began.promise.catch(() => {});
    const occupation: Occupation = { taskId: assignment.id, begun: began.promise };
    await this.#occupy(occupation, async () => {
      try {
        const { run, kept } = await explained(() => this.#begin(submission, loadDriver));
        occupation.run = run;
        began.resolve();
        return () => this.#carryOut(run, kept);
      } catch (error) {
        began.reject(error);
        throw error;
      }
    });
  }

  /** Returns when it is on its way to its end; one that has ended stays as it is. @throws not_found */
  async end(id: string, ending: TaskEnding): Promise<void> {
    if (this.activeId === id) {
      await this.#occupation?.begun;
      this.#occupation?.run?.end(ending);
      return;
    }
    await using _folder = await this.#open(id);
  }

  /** The events after `since` as lines, then every new one; ends behind `done`. @throws not_found */
  async events(id: string, since: number, signal: AbortSignal): Promise<AsyncIterable<string>> {
    if (this.activeId === id) await this.#occupation?.begun;
    const log = this.activeId === id ? this.#occupation?.run?.log : undefined;
    // A log that is closed by now is whole.
    const live = await log?.openToRead().catch(() => undefined);
    if (live !== undefined) return readEvents(live, since, log, signal);
    const handle = await this.file(id, EVENTS_FILE);
    if (handle === undefined) throw notFound('events of that task');
    return readEvents(handle, since, undefined, signal);
  }

  /**
   * A file that is kept of a task, for whoever closes it; undefined where it has not been written, or what is there
   * cannot be read.
   * @throws not_found for a task nobody knows here
   */
  async file(id: string, name: string): Promise<FileHandle | undefined> {
    await using folder = await this.#open(id);
    return await openRegular(folder.pathOf(name)).catch(() => undefined);
  }

  /**
   * @param checkpoint what to go back to; the task's own without one
   * @throws task_in_progress, not_found for a task without a checkpoint and for a checkpoint that is not kept
   */
  async revert(id: string, checkpoint?: string): Promise<Reverted> {
    const reverted = Promise.withResolvers<Reverted>();
    await this.#occupy({ begun: Promise.resolve() }, async () => {
      const { checkpoints, newMark, app, timings } = this.#context;
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timings.checkpointLimit)]);
      const commit = await (checkpoint === undefined
        ? this.#checkpointOf(id, signal)
        : this.#kept(checkpoint, signal));
      const { saved, changed } = await checkpoints.restore(commit, newMark(), signal).catch(explainRevert);
      await app.restart('after_task');
      reverted.resolve({ checkpoint_id: saved, files_changed: changed.files });
      return undefined;
    });
    return reverted.promise;
  }

  /** Ends what runs; what that leaves unfinished the next start ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#occupation?.run?.interrupt();
    await Promise.all([this.#working, this.#recovering]);
    await this.#tidying;
  }

  /**
   * Holds the one place for `work`, and for what that leaves to be carried out.
   * @throws task_in_progress; what `work` throws
   */
  async #occupy(
    occupation: Occupation,
    work: () => Promise<(() => Promise<void>) | undefined>,
  ): Promise<void> {
    // Who has heard of the end of a task may begin the next one.
    if (this.#isOver) await this.#working;
    if (this.#closing.signal.aborted) throw new SandboxdError('unavailable', 'The sandbox is stopping.');
    if (this.#occupation !== undefined) throw inProgress();
    const done = Promise.withResolvers<void>();
    this.#occupation = occupation;
    this.#working = done.promise;
    this.#disturbed.abort();
    this.#context.changes.notify();
    const leave = () => {
      this.#occupation = undefined;
      this.#context.changes.notify();
      done.resolve();
    };
    try {
      const rest = await work();
      if (rest === undefined) leave();
      else void rest().finally(leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #isKnown(id: string): Promise<boolean> {
    await using folder = await explained(() => this.#context.store.open(id));
    return (await folder?.order()) !== undefined;
  }

  async #begin(
    { assignment, env }: TaskSubmission,
    loadDriver: DriverLoader,
  ): Promise<{ run: TaskRun; kept: AsyncDisposable }> {
    const { store, clock } = this.#context;
    const order: TaskOrderFile = { ...assignment, started_at: clock() };
    await using opened = new AsyncDisposableStack();
    const folder = opened.use(await store.create(order));
    const log = opened.use(await EventLog.continue(await folder.openToAppend(EVENTS_FILE), this.#context));
    const run = new TaskRun({ order, env }, loadDriver, { folder, log }, this.#context);
    await run.begin();
    if (this.#closing.signal.aborted) run.interrupt();
    return { run, kept: opened.move() };
  }

  /** @param kept what the task holds open. Never rejects */
  async #carryOut(run: TaskRun, kept: AsyncDisposable): Promise<void> {
    const { logger, checkpoints } = this.#context;
    const task = run.order.id;
    logger.info('task begun', { task, agent: run.order.agent });
    await orAborted(this.#forgetOld(run), run.halted);
    await run.run();
    await kept[Symbol.asyncDispose]();
    logger.info('task over', { task });
    this.#disturbed = new AbortController();
    // Nobody waits for that.
    this.#tidying = checkpoints.prune(AbortSignal.any([this.#closing.signal, this.#disturbed.signal]));
  }

  /** What cannot be removed now is tried again with the next task. */
  async #forgetOld({ order, halted }: TaskRun): Promise<void> {
    const { store, checkpoints, timings, logger } = this.#context;
    try {
      // By its name it may be older than all others: clocks are set back, and a tenant can make any name.
      const ids = (await store.ids()).filter((id) => id !== order.id);
      for (const id of ids.slice(0, 1 - TASKS_KEPT)) {
        if (halted.aborted) return;
        await store.remove(id);
      }
      const limit = AbortSignal.timeout(timings.comparisonLimit);
      const kept = new Set([...ids.slice(1 - TASKS_KEPT), order.id]);
      await checkpoints.keep(kept, AbortSignal.any([limit, halted]));
    } catch (error) {
      logger.error('old tasks could not be removed', error);
    }
  }

  async #checkpointOf(id: string, signal: AbortSignal): Promise<string> {
    const commit = isTaskId(id) ? await this.#context.checkpoints.find(id, signal) : undefined;
    if (commit === undefined) throw notFound('task with a checkpoint');
    return commit;
  }

  async #kept(checkpoint: string, signal: AbortSignal): Promise<string> {
    if (!(await this.#context.checkpoints.holds(checkpoint, signal))) throw notFound('checkpoint');
    return checkpoint;
  }

  async #open(id: string): Promise<TaskFolder> {
    const folder = isTaskId(id) ? await this.#context.store.open(id) : undefined;
    if (folder === undefined) throw notFound('task in this sandbox');
    return folder;
  }
}

const inProgress = () =>
  new SandboxdError('task_in_progress', 'A task runs in this sandbox. Wait for its end, or cancel it.');

function explainRevert(cause: unknown): never {
  if (cause instanceof SandboxdError) throw cause;
  throw new SandboxdError('unavailable', `The app could not be put back: ${whyNot(cause)}`, { cause });
}
