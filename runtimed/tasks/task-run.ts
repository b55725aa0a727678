import type { Clock } from '../../src/domain/ids.ts';
import type { Logger } from '../../src/domain/log.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { RestartScope, RuntimeStatus } from '../../src/domain/runtimed.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { findAgent } from '../../src/domain/coding-agent.ts';
import { maskedBytes, maskedOutcome } from '../../src/domain/masked.ts';
import type { TaskEnding, TaskPhase, TaskSubmission } from '../../src/domain/task.ts';
import type { DriverLoader } from '../agents/driver.ts';
import type { Changes } from '../changes.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { hasSteadyWorker } from '../health/steady-worker.ts';
import type { Timings } from '../options.ts';
import { orAborted } from '../pause.ts';
import { errnoOf } from '../regular-file.ts';
import { type AgentContext, workAsAgent } from './agent-step.ts';
import type { TaskOrderFile } from './assignment.ts';
import { bounded } from './bounded.ts';
import { type BuildCheckContext, checkBuild } from './build-check.ts';
import type { Checkpoints } from './checkpoints.ts';
import { Deadline } from './deadline.ts';
import type { EventLog } from './event-log.ts';
import { GitError } from './git.ts';
import {
  type AgentResult,
  type BuildResult,
  type ChangedFiles,
  maskedResult,
  NOT_BUILT,
  NOTHING_CHANGED,
  outcomeOf,
} from './outcome.ts';
import { previewError } from './preview-error.ts';
import { DIFF_FILE, RESULT_FILE, type TaskFolder, TRANSCRIPT_FILE } from './task-store.ts';
import { Transcript } from './transcript.ts';

/** The app, as far as tasks know it. */
export interface TaskApp {
  readonly status: RuntimeStatus;
  /** Resolves when what was restarted is started anew. */
  readonly restarted: Promise<void>;
  restart(scope: RestartScope): Promise<void>;
  installForTask(signal: AbortSignal): Promise<void>;
}

export interface TaskRunContext extends AgentContext, Omit<BuildCheckContext, 'install'> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: Timings;
  readonly app: TaskApp;
  readonly health: HealthMonitor;
  /** Told whenever the state of a process changes. */
  readonly changes: Changes;
  readonly checkpoints: Checkpoints;
  readonly loadManifest: () => Promise<Manifest>;
  /** Of the web process. */
  readonly webLogPath: string;
}

/** What is told when a step begins. */
const MESSAGES: Record<TaskPhase, string> = {
  checkpoint: 'Saving the app as it is',
  agent: 'The agent is at work',
  build: 'Checking whether the app builds',
  restart: 'Restarting what asks for it',
  health: 'Looking whether the app serves',
  result: 'Writing down the result',
};

/** What is known of it by now. */
interface Found {
  agent: AgentResult;
  changed: ChangedFiles;
  build: BuildResult;
  checkpoint?: string;
  isWorking?: boolean;
}

/** A task that runs, from its checkpoint to its result. */
export class TaskRun {
  readonly order: TaskOrderFile;
  readonly log: EventLog;
  readonly #env: TaskSubmission['env'];
  readonly #folder: TaskFolder;
  readonly #loadDriver: DriverLoader;
  readonly #context: TaskRunContext;
  /** Ends the agent's work, whatever for. */
  readonly #agentHalted = new AbortController();
  /** Ends every step: the task is cancelled, or the sandbox stops. */
  readonly #halted = new AbortController();
  readonly #found: Found = {
    agent: {},
    changed: NOTHING_CHANGED,
    build: NOT_BUILT,
  };
  #ending: TaskEnding | undefined;
  #isInterrupted = false;
  /** Of the comparison that is under way. */
  #comparing: Deadline | undefined;

  /**
   * @param env of its agent, for as long as it works
   * @param folder and @param log are the task's to close, when it has run
   */
  constructor(
    { order, env }: { order: TaskOrderFile; env: TaskSubmission['env'] },
    loadDriver: DriverLoader,
    { folder, log }: { folder: TaskFolder; log: EventLog },
    context: TaskRunContext,
  ) {
    this.order = order;
    this.#env = env;
    this.log = log;
    this.#folder = folder;
    this.#loadDriver = loadDriver;
    this.#context = context;
  }

  /** Aborts when it is cancelled, or everything stops. */
  get halted(): AbortSignal {
    return this.#halted.signal;
  }

  /** Ends it from outside. The first word counts; whoever cancels does not wait for what is left to be done. */
  end(ending: TaskEnding): void {
    this.#ending ??= ending;
    this.#agentHalted.abort();
    if (ending.reason === 'cancelled') this.#halt();
  }

  /** Everything stops. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#agentHalted.abort();
    this.#halt();
  }

  #halt(): void {
    this.#halted.abort();
    this.#comparing?.within(this.#comparisonLimit);
  }

  /** Tells that it has begun, and writes it down. Never rejects. */
  begin(): Promise<void> {
    return this.#announce('checkpoint');
  }

  /**
   * Returns when its result is written and told; one that was interrupted may leave that to the next start. Never
   * rejects.
   */
  async run(): Promise<void> {
    try {
      await this.#takeSteps();
    } catch (error) {
      this.#context.logger.error('a task failed', error, { task: this.order.id });
      const message = 'Something failed inside the sandbox. Its log has the details.';
      this.#found.agent = { ...this.#found.agent, failure: { reason: 'internal', message } };
      await this.#conclude();
    }
  }

  async #takeSteps(): Promise<void> {
    const found = this.#found;
    const isSaved = await this.#save();
    if (isSaved) found.agent = await this.#work();
    const changed = await this.#compare(found.checkpoint);
    if (changed === undefined) return;
    found.changed = changed;
    if (isSaved && !this.#halted.signal.aborted) found.build = await this.#build();
    if (isSaved) await this.#restart(found.build);
    await this.#announce('result');
    await this.#conclude();
  }

  async #announce(phase: TaskPhase, message = MESSAGES[phase]): Promise<void> {
    await this.log.append({ type: 'status', data: { phase, message } });
  }

  /** @returns whether the agent may begin, as far as that goes */
  async #save(): Promise<boolean> {
    const { checkpoints, timings, logger } = this.#context;
    const limit = AbortSignal.timeout(timings.checkpointLimit);
    try {
      const signal = AbortSignal.any([limit, this.#halted.signal]);
      this.#found.checkpoint = await checkpoints.take(this.order.id, signal);
      return true;
    } catch (error) {
      if (this.#halted.signal.aborted) return false;
      logger.error('no checkpoint could be made', error, { task: this.order.id });
      const message = `The app could not be saved before the task, so the agent was not started: ${whyNot(error)}`;
      this.#found.agent = { failure: { reason: 'internal', message } };
      return false;
    }
  }

  async #work(): Promise<AgentResult> {
    if (this.#agentHalted.signal.aborted) return {};
    await this.#announce('agent', `${findAgent(this.order.agent)?.label ?? 'The agent'} is at work`);
    await using transcript = new Transcript(await this.#folder.openToAppend(TRANSCRIPT_FILE), this.#context);
    const result = await workAsAgent(
      {
        loadDriver: this.#loadDriver,
        assignment: this.order,
        env: this.#env,
        directory: this.#context.directory,
        transcript,
        tell: (happening) => {
          for (const piece of bounded(happening)) void this.log.append(piece);
        },
        signal: this.#agentHalted.signal,
      },
      this.#context,
    );
    // Before anything of it is cut: what is left of a secret would not be known for one.
    return maskedResult(this.#context.masks.mask, result);
  }

  /** @returns undefined when everything stops before it can be told: the next start finds out */
  async #compare(checkpoint: string | undefined): Promise<ChangedFiles | undefined> {
    if (checkpoint === undefined) return this.#isInterrupted ? undefined : NOTHING_CHANGED;
    const { checkpoints, logger, masks } = this.#context;
    using limit = new Deadline(this.#comparisonLimit);
    this.#comparing = limit;
    try {
      const { diff, ...changed } = await checkpoints.compare(checkpoint, limit.signal);
      await this.#folder
        .write(DIFF_FILE, maskedBytes(masks.mask, diff))
        .catch((error: unknown) => logger.error('the diff of a task could not be written', error));
      return changed;
    } catch (error) {
      logger.error('what a task has changed could not be told', error, { task: this.order.id });
      return this.#isInterrupted ? undefined : { files: [], isTruncated: true };
    }
  }

  get #comparisonLimit(): number {
    const { lastComparison, hurriedComparison, comparisonLimit } = this.#context.timings;
    if (this.#isInterrupted) return lastComparison;
    return this.#halted.signal.aborted ? hurriedComparison : comparisonLimit;
  }

  async #build(): Promise<BuildResult> {
    const { app, health, loadManifest } = this.#context;
    await this.#announce('build');
    const { build } = await loadManifest();
    const context = { ...this.#context, install: (signal: AbortSignal) => app.installForTask(signal) };
    const result = await checkBuild(build, context, this.#halted.signal);
    if (this.#halted.signal.aborted) return NOT_BUILT;
    if (result.status === 'failed') health.build.set(result.message ?? '');
    else health.build.clear();
    const { status, message } = result;
    await this.log.append({ type: 'build', data: { status, ...(message !== undefined && { message }) } });
    return result;
  }

  /** Restarts what asks for it, and waits until it is clear whether it serves. */
  async #restart(build: BuildResult): Promise<void> {
    const { app, health, timings } = this.#context;
    const { signal } = this.#halted;
    if (signal.aborted) return;
    await this.#announce('restart');
    await orAborted(app.restart('after_task'), signal);
    await orAborted(app.restarted, signal);
    if (signal.aborted) return;
    await this.#announce('health');
    const settled = await health.settled(AbortSignal.any([signal, AbortSignal.timeout(timings.healthLimit)]));
    if (settled === 'none') this.#found.isWorking = await this.#works();
    // A restart does not make it build.
    if (build.status === 'failed' && !signal.aborted) health.build.set(build.message ?? '');
  }

  async #works(): Promise<boolean> {
    const { app, changes, timings } = this.#context;
    const signal = AbortSignal.any([this.#halted.signal, AbortSignal.timeout(timings.workerPatience)]);
    return hasSteadyWorker(() => app.status.processes, changes, timings.steadyWorker, signal);
  }

  async #conclude(): Promise<void> {
    const { app, clock, logger, loadManifest, webLogPath, masks } = this.#context;
    const { agent, ...found } = this.#found;
    const { web } = await loadManifest();
    const status = app.status;
    const error = await previewError(status.preview, web, webLogPath);
    const ending = this.#isInterrupted ? undefined : this.#ending;
    const facts = {
      ...found,
      agent: this.#isInterrupted ? { ...agent, failure: SANDBOX_ENDED } : agent,
      ...(ending !== undefined && { ending }),
      app: status,
      ...(error !== undefined && { previewError: error }),
      startedAt: this.order.started_at,
      // A clock may be set back.
      finishedAt: Math.max(this.order.started_at, clock()),
    };
    const outcome = maskedOutcome(masks.mask, outcomeOf(facts));
    await this.#folder
      .write(RESULT_FILE, JSON.stringify(outcome))
      .catch((error: unknown) =>
        logger.error('the result of a task could not be written', error, { task: this.order.id }),
      );
    await this.log.append({ type: 'done', data: outcome });
  }
}

export const SANDBOX_ENDED = {
  reason: 'sandbox_unavailable',
  message: 'The sandbox ended while the task ran.',
} as const;

/** For people. */
export function whyNot(error: unknown): string {
  if (error instanceof GitError) return error.reason;
  if (error instanceof SandboxdError) return error.message;
  return errnoOf(error) ?? (error instanceof Error ? error.message : 'for an unknown reason');
}
