import { setTimeout as delay } from 'node:timers/promises';
import { SandboxdError } from '../domain/errors.ts';
import type { GateOpening, ProviderRefusal } from '../domain/provider-gate.ts';
import type { Upstream } from '../domain/provider.ts';
import { parseTaskOutcome } from '../domain/task-event.ts';
import type { TaskOutcome } from '../domain/task.ts';
import type { LiveSandbox } from './live.ts';
import { completed, endReports, lost, unseenEnd } from './task-end.ts';
import type { TaskKeeperContext } from './task-keeper.ts';
import type { TaskRecord } from './task-record.ts';

/** Between attempts to hear of a task whose sandbox does not answer. */
const RETRY_MS = 500;
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
  #record: TaskRecord;
  readonly #begun = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  readonly #cut = new AbortController();
  #gate: GateOpening | undefined;
  #isRefused = false;
  #saved: Promise<void> = Promise.resolve();
  /** The last event heard of. */
  #seen = 0;

  /** @param isRecovered whether an earlier run of this node accepted it: whoever submitted it has gone since */
  constructor(context: TaskKeeperContext, record: TaskRecord, isRecovered: boolean) {
    this.#context = context;
    this.#record = record;
    this.#isRecovered = isRecovered;
    this.#begun.promise.catch(() => {
      // Nobody waits for it after a restart; the end tells.
    });
    this.ended = this.#run();
  }

  get sandboxId(): string {
    return this.#record.sandboxId;
  }

  /** Resolves once the sandbox has taken it on. @throws what kept it from that; nothing is left of it then */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Sets it on its way to being cancelled. */
  async cancel(): Promise<void> {
    const limit = delay(CANCEL_LIMIT_MS, undefined, { signal: this.#closing.signal });
    limit.then(
      () => this.#cut.abort(),
      () => {
        // It has ended before.
      },
    );
    const runtime = await this.#context.sandboxes.running(this.sandboxId);
    await runtime?.tasks.end(this.#record.id, { reason: 'cancelled' });
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
      if (outcome !== undefined) await this.#report(outcome);
    } catch (error) {
      // Its record stays: the next start of the node takes it up again.
      this.#context.ports.log.error('the end of a task could not be reported', error, {
        taskId: this.#record.id,
      });
    } finally {
      this.#closing.abort();
      await this.#gate?.[Symbol.asyncDispose]();
      await this.#saved;
    }
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
    const isFresh = !this.#record.isBegun;
    try {
      await this.#openGate();
      if (isFresh) await this.#begin();
    } catch (error) {
      return this.#refused(error);
    }
    this.#begun.resolve();
    return this.#follow();
  }

  async #openGate(): Promise<void> {
    const { ports } = this.#context;
    const upstream = JSON.parse(await ports.seal.open(this.#record.upstream)) as Upstream;
    const { providerDirectory } = await ports.workspaces.find(this.sandboxId);
    this.#gate = await ports.gate.open(providerDirectory, {
      upstream,
      usage: this.#record.usage,
      onUsage: (usage) => void this.#note({ usage }),
      onRefusal: (refusal) => void this.#turnAway(refusal),
    });
  }

  async #begin(): Promise<void> {
    const { sandboxes, outbox, ports } = this.#context;
    const { id, assignment } = this.#record;
    const runtime = await sandboxes.awake(this.sandboxId);
    await runtime.tasks.submit(assignment);
    await outbox.add(`task:${id}:started`, {
      at: ports.clock(),
      sandboxId: this.sandboxId,
      taskId: id,
      type: 'task.started',
      severity: 'info',
      message: `A task for ${assignment.agent} was started.`,
      payload: { agent: assignment.agent },
    });
    await this.#note({ isBegun: true });
    this.#context.changed();
  }

  /** Who submitted it hears why; after a restart of the node nobody does, and the task ends instead. */
  async #refused(error: unknown): Promise<TaskOutcome | undefined> {
    this.#begun.reject(error);
    if (this.#isRecovered) {
      const message = error instanceof SandboxdError ? error.message : 'The task could not be begun.';
      return unseenEnd(this.#record, this.#context.ports.clock(), lost(message));
    }
    await this.#context.records.remove(this.#record.id);
    return undefined;
  }

  async #follow(): Promise<TaskOutcome | undefined> {
    const { sandboxes, ports } = this.#context;
    const { assignment, acceptedAt } = this.#record;
    const deadline = acceptedAt + assignment.timeout_s * 1000 + AFTERMATH_MS;
    while (!this.#closing.signal.aborted) {
      if (this.#cut.signal.aborted) return this.#ownEnd({ status: 'cancelled', failure_reason: 'cancelled' });
      if (ports.clock() >= deadline) return this.#ownEnd(lost('The sandbox never told how the task ended.'));
      const live = sandboxes.live(this.sandboxId);
      const outcome = live === undefined ? await this.#fromDisk() : await this.#listen(live, deadline);
      if (outcome !== undefined) return completed(outcome, this.#record.refusal, this.#gate);
      await this.#pause();
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

  /** What was written down before the sandbox ended. Undefined when it is up again, and can be asked. */
  #fromDisk(): Promise<TaskOutcome | undefined> {
    const { sandboxes, ports } = this.#context;
    // With the lock held, a stop under way has finished, and with it what the sandbox wrote last.
    return sandboxes.exclusively(this.sandboxId, async () => {
      if (sandboxes.live(this.sandboxId) !== undefined) return undefined;
      try {
        const written = await ports.workspaces.taskFile(this.sandboxId, this.#record.id, 'result.json');
        const outcome = written && parseTaskOutcome(new TextDecoder().decode(written));
        return outcome ?? this.#ownEnd(lost('The sandbox ended while the task ran.'));
      } catch (error) {
        if (!(error instanceof SandboxdError) || error.code !== 'not_found') throw error;
        return this.#ownEnd(lost('The sandbox was deleted while the task ran.'));
      }
    });
  }

  /** The provider wants nothing more to do with it: what goes on in the sandbox is in vain. */
  async #turnAway({ message, isFinal }: ProviderRefusal): Promise<void> {
    await this.#note({ refusal: message });
    if (!isFinal || this.#isRefused) return;
    this.#isRefused = true;
    try {
      const runtime = await this.#context.sandboxes.running(this.sandboxId);
      await runtime?.tasks.end(this.#record.id, { reason: 'provider_error', message });
    } catch (error) {
      // The agent is told as well, and ends by itself; if not, by its deadline.
      this.#context.ports.log.warn('a task that its provider turned away could not be ended', {
        taskId: this.#record.id,
        reason: error instanceof SandboxdError ? error.code : 'internal',
      });
    }
  }

  #ownEnd(why: Parameters<typeof unseenEnd>[2]): TaskOutcome {
    return unseenEnd(this.#record, this.#context.ports.clock(), why);
  }

  async #report(outcome: TaskOutcome): Promise<void> {
    const { ports, outbox, records } = this.#context;
    await this.#gate?.[Symbol.asyncDispose]();
    await this.#saved;
    const { id, usage } = this.#record;
    for (const report of endReports({ outcome, usage })) {
      const key = `task:${id}:${report.ended === undefined ? report.type : 'ended'}`;
      await outbox.add(key, { at: ports.clock(), sandboxId: this.sandboxId, taskId: id, ...report });
    }
    await records.remove(id);
    this.#context.changed();
  }

  /** On disk when it returns: one after the other, so that the last one stays. */
  #note(news: Partial<TaskRecord>): Promise<void> {
    this.#record = { ...this.#record, ...news };
    this.#saved = this.#saved.then(() => this.#save());
    return this.#saved;
  }

  async #save(): Promise<void> {
    try {
      await this.#context.records.save(this.#record);
    } catch (error) {
      this.#context.ports.log.error('the record of a task could not be saved', error, {
        taskId: this.#record.id,
      });
    }
  }

  async #pause(): Promise<void> {
    await delay(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => {
      // Left: the loop ends by its condition.
    });
  }
}
