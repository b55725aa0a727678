import { isCode, SandboxdError } from '../../domain/errors.ts';
import { maskedOutcome } from '../../domain/masked.ts';
import { pause } from '../../domain/pause.ts';
import type { GateOpening, ProviderRefusal } from '../../domain/provider-gate.ts';
import type { Upstream } from '../../domain/provider.ts';
import type { SandboxRuntime } from '../../domain/runtime.ts';
import type { TaskEnding, TaskOutcome, TaskSubmission } from '../../domain/task.ts';
import type { LiveSandbox } from '../live.ts';
import { completed, lost, unseenEnd, writtenEnd } from './end.ts';
import type { TaskKeeperContext } from './context.ts';
import { TaskNotes, type TaskRecord } from './record.ts';
import { reportEnd, reportStart } from './reports.ts';

/** Between attempts to hear of a task whose sandbox does not answer: at first, and at most. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;
/** Beyond the agent's time: for the build check, restarts, and a first look at the app. */
const AFTERMATH_MS = 30 * 60_000;
/** A cancelled task has ended by then, whatever its sandbox does. */
const CANCEL_LIMIT_MS = 9_000;

/**
 * One task on its way to its end: it keeps its sandbox awake and its way to the provider open, and reports what it came
 * to, once.
 */
export class TaskRun {
  /** Resolves when its end is on the way to the API, or nobody follows it any more. Never rejects. */
  readonly ended: Promise<void>;
  readonly #context: TaskKeeperContext;
  readonly #isRecovered: boolean;
  readonly #notes: TaskNotes;
  readonly #begun = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  readonly #cut = new AbortController();
  #isLimited = false;
  #gate: GateOpening | undefined;
  #isRefused = false;
  /** The last event heard of. */
  #seen = 0;

  /** @param isRecovered whether an earlier run of this node accepted it: whoever submitted it has gone since */
  constructor(context: TaskKeeperContext, record: TaskRecord, isRecovered: boolean) {
    this.#context = context;
    this.#notes = new TaskNotes(context.records, record, context.ports.log);
    this.#isRecovered = isRecovered;
    this.#begun.promise.catch(() => {
      // Nobody waits for it after a restart; the end tells.
    });
    this.ended = this.#run();
  }

  get sandboxId(): string {
    return this.#record.sandboxId;
  }

  get #record(): TaskRecord {
    return this.#notes.record;
  }

  /** Resolves once the sandbox has taken it on. @throws what kept it from that; nothing is left of it then */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Sets it on its way to being cancelled; one that has not begun is, as soon as it has. */
  async cancel(): Promise<void> {
    if (!this.#isLimited) {
      this.#isLimited = true;
      void pause(CANCEL_LIMIT_MS, this.#closing.signal).then(() => this.#cut.abort());
    }
    const { isBegun } = this.#record;
    await this.#notes.note({ isCancelled: true });
    if (isBegun) await Promise.race([this.#endInside({ reason: 'cancelled' }), this.ended]);
  }

  /** Lets go of it, whatever becomes of it: another run will follow it. */
  async leave(): Promise<void> {
    this.#closing.abort();
    await this.ended;
  }

  async #run(): Promise<void> {
    using _ = this.#context.sandboxes.hold(this.sandboxId, 'a task runs');
    try {
      const outcome = await this.#outcome();
      await this.#closeGate();
      if (outcome !== undefined) {
        const mask = await this.#context.configs.mask(this.sandboxId);
        const told = maskedOutcome(mask, outcome);
        await reportEnd(this.#context, this.#notes, told, this.#closing.signal);
        this.#measure(outcome);
      }
    } catch (error) {
      this.#context.ports.log.error('a task could not be let go of', error, { taskId: this.#record.id });
    } finally {
      this.#closing.abort();
    }
  }

  #measure({ status }: TaskOutcome): void {
    const { metrics, clock } = this.#context.ports;
    const { agent } = this.#record.assignment;
    metrics.count('tasks_total', { agent, status });
    // A clock may be set back.
    const seconds = Math.max(0, clock() - this.#record.acceptedAt) / 1000;
    metrics.observe('task_duration_seconds', seconds, { agent });
  }

  async #outcome(): Promise<TaskOutcome | undefined> {
    try {
      return await this.#work();
    } catch (error) {
      this.#context.ports.log.error('a task could not be followed', error, { taskId: this.#record.id });
      return this.#ownEnd({
        status: 'failed',
        failure_reason: 'internal',
        error_message: 'The task could not be followed to its end. The server log says why.',
      });
    }
  }

  /** What it came to; undefined when it was refused, or left. */
  async #work(): Promise<TaskOutcome | undefined> {
    if (this.#record.isBegun) await this.#reopenGate();
    else {
      try {
        await this.#begin();
      } catch (error) {
        return this.#refused(error);
      }
    }
    this.#begun.resolve();
    if (this.#record.isCancelled) void this.cancel();
    return this.#follow();
  }

  async #openGate(): Promise<void> {
    const { ports } = this.#context;
    const upstream = JSON.parse(await ports.seal.open(this.#record.upstream)) as Upstream;
    if (upstream.key !== undefined) ports.redactor.learn(upstream.key);
    const { providerDirectory } = await ports.workspaces.find(this.sandboxId);
    this.#gate = await ports.gate.open(providerDirectory, {
      upstream,
      usage: this.#record.usage,
      onUsage: (usage) => void this.#notes.note({ usage }),
      onRefusal: (refusal) => void this.#turnAway(refusal),
    });
  }

  /** With what it counted on disk. */
  async #closeGate(): Promise<void> {
    await this.#gate?.[Symbol.asyncDispose]();
    await this.#notes.saved;
  }

  /** What the agent did before it was cut off from its model has a result all the same, and may be whole by now. */
  async #reopenGate(): Promise<void> {
    try {
      await this.#openGate();
    } catch (error) {
      this.#context.ports.log.error("a task's way to its provider could not be opened again", error, {
        taskId: this.#record.id,
      });
      const message = 'The server was restarted and could not open the way to the provider again.';
      void this.#turnAway({ status: 502, message, isFinal: true });
    }
  }

  async #begin(): Promise<void> {
    const { configs, sandboxes } = this.#context;
    // What cannot be read wakes nothing.
    await configs.readable(this.sandboxId);
    // Before the gate: a sandbox that is only just being created has no place for one yet.
    const runtime = await sandboxes.awake(this.sandboxId);
    await this.#openGate();
    // As it is now: what has changed since is masked in there by its new values alone.
    const config = await configs.readable(this.sandboxId);
    await this.#submit(runtime, config?.agent ?? {});
    await reportStart(this.#context, this.#record);
    await this.#notes.note({ isBegun: true });
    this.#context.changed();
  }

  async #submit(runtime: SandboxRuntime, env: TaskSubmission['env']): Promise<void> {
    try {
      await runtime.tasks.submit({ assignment: this.#record.assignment, env });
    } catch (error) {
      // A sandbox that was up before this server was updated has the programs it was started with.
      if (isCode(error, 'not_found')) throw outdated(error);
      // No answer is no refusal: what may have begun all the same must not go on unseen.
      if (isCode(error, 'sandbox_unavailable')) await this.#endInside({ reason: 'cancelled' });
      throw error;
    }
  }

  /** Who submitted it hears why; after a restart of the node nobody does, and the task ends instead. */
  async #refused(error: unknown): Promise<TaskOutcome | undefined> {
    this.#begun.reject(error);
    if (this.#isRecovered) {
      const message = error instanceof SandboxdError ? error.message : 'The task could not be begun.';
      return unseenEnd(this.#record, this.#context.ports.clock(), lost(message));
    }
    await this.#notes.remove();
    return undefined;
  }

  async #follow(): Promise<TaskOutcome | undefined> {
    const { sandboxes, ports } = this.#context;
    const { assignment, acceptedAt } = this.#record;
    const deadline = acceptedAt + assignment.timeout_s * 1000 + AFTERMATH_MS;
    for (let wait = RETRY_MS; !this.#closing.signal.aborted; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
      if (this.#cut.signal.aborted) return this.#ownEnd({ status: 'cancelled', failure_reason: 'cancelled' });
      if (ports.clock() >= deadline) return this.#giveUp();
      const live = sandboxes.live(this.sandboxId);
      if (live === undefined) wait = RETRY_MS;
      const outcome = live === undefined ? await this.#fromDisk() : await this.#listen(live, deadline);
      if (outcome !== undefined) return completed(outcome, this.#record.refusal, this.#gate);
      await pause(wait, AbortSignal.any([this.#closing.signal, this.#cut.signal]));
    }
    return undefined;
  }

  /** What its sandbox says it came to; undefined when that stops answering. */
  async #listen(live: LiveSandbox, deadline: number): Promise<TaskOutcome | undefined> {
    const late = AbortSignal.timeout(Math.max(1, deadline - this.#context.ports.clock()));
    const signal = AbortSignal.any([live.detached, this.#closing.signal, this.#cut.signal, late]);
    try {
      const runtime = await live.reach();
      for await (const event of runtime.tasks.events(this.#record.id, this.#seen, signal)) {
        if (event.type === 'done') return event.data;
        this.#seen = event.seq;
      }
    } catch (error) {
      if (!(error instanceof SandboxdError)) throw error;
      if (error.code === 'not_found') return this.#ownEnd(lost('The sandbox has lost the task.'));
    }
    return undefined;
  }

  /** What was written down before the sandbox ended. Undefined while it may be running. */
  #fromDisk(): Promise<TaskOutcome | undefined> {
    const { sandboxes, ports } = this.#context;
    // With the lock held, a stop under way has finished, and with it what the sandbox wrote last.
    return sandboxes.exclusively(this.sandboxId, async () =>
      sandboxes.isAtRest(this.sandboxId)
        ? await writtenEnd(this.#record, ports.workspaces, ports.clock)
        : undefined,
    );
  }

  async #giveUp(): Promise<TaskOutcome> {
    await this.#endInside({ reason: 'cancelled' });
    return this.#ownEnd(lost('The sandbox never told how the task ended.'));
  }

  /** The provider wants nothing more to do with it: what goes on in the sandbox is in vain. */
  async #turnAway({ message, isFinal }: ProviderRefusal): Promise<void> {
    await this.#notes.note({ refusal: message });
    if (!isFinal || this.#isRefused) return;
    this.#isRefused = true;
    // An agent that this does not reach is told by the provider as well, and ends by itself or at its deadline.
    await this.#endInside({ reason: 'provider_error', message });
  }

  /** Tells the sandbox, if it is up, to end it. Never rejects: its events say what comes of that. */
  async #endInside(ending: TaskEnding): Promise<void> {
    try {
      const runtime = await this.#context.sandboxes.running(this.sandboxId);
      await runtime?.tasks.end(this.#record.id, ending);
    } catch (error) {
      this.#context.ports.log.warn('a sandbox could not be told to end its task', {
        taskId: this.#record.id,
        ending: ending.reason,
        reason: error instanceof SandboxdError ? error.code : 'internal',
      });
    }
  }

  #ownEnd(why: Parameters<typeof unseenEnd>[2]): TaskOutcome {
    return unseenEnd(this.#record, this.#context.ports.clock(), why);
  }
}

const outdated = (cause: unknown) =>
  new SandboxdError(
    'conflict',
    'This sandbox was started by an older version of sandboxd, in which there are no tasks. Stop it and start it, and submit the task again.',
    { cause },
  );
