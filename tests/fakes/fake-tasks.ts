import { notFound, SandboxdError } from '../../src/domain/errors.ts';
import type {
  Reverted,
  RuntimeTasks,
  TaskAssignment,
  TaskEnding,
  TaskEvent,
  TaskFile,
  TaskHappening,
  TaskOutcome,
  TaskSubmission,
} from '../../src/domain/task.ts';

/** The outcome of a task that went well. */
export const SUCCEEDED: TaskOutcome = {
  status: 'succeeded',
  files_changed: ['src/App.tsx'],
  agent_message_final: 'Done.',
  build_status: 'passed',
  preview_status_after: 'ready',
  preview_ok: true,
  app_healthy: true,
  checkpoint_id: 'c'.repeat(40),
  started_at: 1_000,
  finished_at: 3_500,
};

/** The outcome of a task that was called off. */
export const CANCELLED: TaskOutcome = {
  ...SUCCEEDED,
  status: 'cancelled',
  failure_reason: 'cancelled',
  build_status: 'skipped',
};

interface FakeTask {
  readonly assignment: TaskAssignment;
  readonly env: TaskSubmission['env'];
  readonly events: TaskEvent[];
}

/** One sandbox's tasks in memory: what an agent does is for the test to tell. They outlive who connects to them. */
export class FakeTasks implements RuntimeTasks {
  /** What a submission fails with, once. */
  failure: SandboxdError | undefined;
  /** What a tenant has put in the place of what lies on the disk. */
  readonly planted = new Map<TaskFile, Uint8Array>();
  /** Whether the answer to a submission gets lost on its way. */
  losesAnswers = false;
  /** Why each was ended from outside. */
  readonly endings: TaskEnding[] = [];
  readonly reverted: string[] = [];
  /** Checkpoints that were gone back to instead of a task's own. */
  readonly restored: string[] = [];
  /** What a revert finds to put back. */
  differing: readonly string[] = ['src/App.tsx'];
  /** Whether an order to end is obeyed at once. */
  obedient = true;
  readonly #tasks = new Map<string, FakeTask>();
  /** Those that reverts have made. */
  readonly #checkpoints = new Set<string>();
  readonly #listeners = new Set<() => void>();

  /** What was assigned, in order. */
  get assignments(): TaskAssignment[] {
    return [...this.#tasks.values()].map(({ assignment }) => assignment);
  }

  /** What the agents of these have in their environment. */
  get environments(): TaskSubmission['env'][] {
    return [...this.#tasks.values()].map(({ env }) => env);
  }

  get activeId(): string | undefined {
    return [...this.#tasks.values()].find(isActive)?.assignment.id;
  }

  async submit({ assignment, env }: TaskSubmission): Promise<void> {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    if (this.#tasks.has(assignment.id)) return;
    if (this.activeId !== undefined) throw new SandboxdError('task_in_progress', 'Another task runs.');
    this.#tasks.set(assignment.id, { assignment, env, events: [] });
    this.tell(assignment.id, { type: 'status', data: { phase: 'checkpoint', message: 'Saving the app' } });
    if (this.losesAnswers) throw new SandboxdError('sandbox_unavailable', 'The sandbox does not answer.');
  }

  /** Lets something happen in a task. */
  tell(taskId: string, happening: TaskHappening): void {
    const { events } = this.#require(taskId);
    events.push({ ...happening, seq: events.length + 1, at: 1_000 + events.length });
    for (const listener of this.#listeners) listener();
  }

  /** Lets a task come to its end. */
  finish(taskId: string, outcome: Partial<TaskOutcome> = {}): void {
    this.tell(taskId, { type: 'done', data: { ...SUCCEEDED, ...outcome } });
  }

  async *events(
    taskId: string,
    since: number,
    signal: AbortSignal,
  ): AsyncGenerator<TaskEvent, void, undefined> {
    const { events } = this.#require(taskId);
    for (let next = since; !signal.aborted; next += 1) {
      while (events.length <= next && !signal.aborted) {
        if (events.at(-1)?.type === 'done') return;
        await this.#news(signal);
      }
      const event = events[next];
      if (event === undefined) return;
      yield event;
      if (event.type === 'done') return;
    }
  }

  async log(taskId: string): Promise<Uint8Array> {
    this.#require(taskId);
    return Buffer.from('raw output of the agent\n');
  }

  async diff(taskId: string): Promise<Uint8Array> {
    const isOver = !isActive(this.#require(taskId));
    return Buffer.from(isOver ? '--- a/src/App.tsx\n+++ b/src/App.tsx\n' : '');
  }

  async end(taskId: string, ending: TaskEnding): Promise<void> {
    const task = this.#require(taskId);
    this.endings.push(ending);
    if (!this.obedient || !isActive(task)) return;
    if (ending.reason === 'cancelled') this.finish(taskId, CANCELLED);
    else {
      const { reason, message } = ending;
      this.finish(taskId, { status: 'failed', failure_reason: reason, error_message: message ?? '' });
    }
  }

  async revert(taskId: string, checkpointId?: string): Promise<Reverted> {
    this.#require(taskId);
    if (this.activeId !== undefined) throw new SandboxdError('task_in_progress', 'A task runs.');
    if (checkpointId !== undefined) {
      if (!this.#checkpoints.has(checkpointId)) throw notFound('checkpoint');
      this.restored.push(checkpointId);
    }
    const saved = 'def'.charAt(this.reverted.length).repeat(40);
    this.#checkpoints.add(saved);
    this.reverted.push(taskId);
    return { checkpoint_id: saved, files_changed: this.differing };
  }

  /** What lies on the disk of it. */
  file(taskId: string, file: TaskFile): Uint8Array | undefined {
    const events = this.#tasks.get(taskId)?.events;
    if (events === undefined) return undefined;
    const planted = this.planted.get(file);
    if (planted !== undefined) return planted;
    const done = events.find(({ type }) => type === 'done');
    if (file === 'events.jsonl')
      return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    if (file === 'result.json') return done && Buffer.from(JSON.stringify(done.data));
    return Buffer.from(`${file} of ${taskId}\n`);
  }

  #require(taskId: string): FakeTask {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw notFound('task');
    return task;
  }

  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listeners.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#listeners.delete(resolve);
  }
}

const isActive = ({ events }: FakeTask): boolean => !events.some(({ type }) => type === 'done');
