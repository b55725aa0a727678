import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../src/domain/ids.ts';
import type { Logger } from '../../src/domain/log.ts';
import type { ProcessState } from '../../src/domain/runtimed.ts';
import type { Changes } from '../changes.ts';
import type { LogFile } from '../logs/log-file.ts';
import type { Timings } from '../options.ts';
import { pause } from '../pause.ts';
import { errnoOf } from '../regular-file.ts';
import { afterExit, noCrashes } from './backoff.ts';
import type { Environment } from './environment.ts';
import { Program } from './program.ts';

/** What is run, and kept running. Equal definitions are one process. */
export interface ProcessDefinition {
  readonly name: string;
  readonly kind: 'web' | 'worker';
  /** For `bash -lc`. */
  readonly command: string;
  /** The web process's: it is told in PORT. */
  readonly port?: number;
}

export interface SupervisionContext {
  /** The app directory, where commands run. */
  readonly directory: string;
  /** What programs of the app start with now. */
  readonly appEnvironment: () => Environment;
  readonly timings: Timings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newMark: () => string;
  /** Told whenever a state changes. */
  readonly changes: Changes;
}

/** One process, started again whenever it ends, until it is stopped or crashes too often. */
export class Supervised {
  readonly definition: ProcessDefinition;
  readonly #context: SupervisionContext;
  readonly #log: LogFile;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #grace: number;
  #pid: number | undefined;
  #launch = { id: '', at: 0 };
  #restarts = 0;
  #abandoned = false;

  constructor(definition: ProcessDefinition, log: LogFile, context: SupervisionContext) {
    this.definition = definition;
    this.#log = log;
    this.#context = context;
    this.#grace = context.timings.stopGrace;
  }

  get state(): ProcessState {
    const { name, kind } = this.definition;
    const running = this.#pid === undefined ? { running: false } : { running: true, pid: this.#pid };
    return { name, kind, ...running, restarts: this.#restarts, abandoned: this.#abandoned };
  }

  /** The latest start, and when it was. */
  get launch(): { readonly id: string; readonly at: number } {
    return this.#launch;
  }

  /** Once. @param why it is started anew, for its log */
  start(why?: string): void {
    if (why !== undefined) this.#note(why);
    this.#running = this.#keepRunning(this.#stopping.signal);
  }

  /** Starts it again when it was abandoned. */
  revive(): void {
    if (!this.#abandoned || this.#stopping.signal.aborted) return;
    this.#abandoned = false;
    this.#restarts = 0;
    this.start();
  }

  /** Ends it with all its descendants; returns when none of them lives. */
  async stop(grace: number): Promise<void> {
    this.#grace = grace;
    this.#stopping.abort();
    await this.#running;
  }

  async #keepRunning(signal: AbortSignal): Promise<void> {
    const { timings, logger, changes } = this.#context;
    const { name } = this.definition;
    let history = noCrashes(timings);
    while (!signal.aborted) {
      const { ending, uptime } = await this.#runOnce(signal);
      if (signal.aborted) return;
      const verdict = afterExit(history, uptime, timings);
      if (verdict.kind === 'abandon') {
        this.#abandoned = true;
        this.#note(`${ending}; it does so every time, and is left alone until a file of the app changes`);
        logger.warn('process abandoned', { name, ending });
        changes.notify();
        return;
      }
      this.#note(`${ending}; it is started again in ${verdict.delay / 1000} s`);
      logger.warn('process ended', { name, ending, delay_ms: verdict.delay });
      await pause(verdict.delay, signal);
      history = verdict.history;
      this.#restarts += 1;
    }
  }

  /** Runs it until it ends or is stopped, and everything it started has ended too. */
  async #runOnce(signal: AbortSignal): Promise<{ ending: string; uptime: number }> {
    const { changes, logger, clock, timings } = this.#context;
    const { name } = this.definition;
    let program: Program;
    try {
      program = await this.#startProgram();
    } catch (error) {
      logger.error('process did not start', error, { name });
      const ending = `the process could not be started (${errnoOf(error) ?? 'unknown reason'})`;
      // No fault of its own: out of processes or memory, it is tried again for as long as it takes.
      return { ending, uptime: timings.quickExit };
    }
    this.#pid = program.pid;
    logger.info('process started', { name, pid: program.pid });
    changes.notify();
    const code = await this.#attend(program, signal);
    const uptime = clock() - this.#launch.at;
    this.#pid = undefined;
    changes.notify();
    return { ending: `the process ended with code ${code}`, uptime };
  }

  async #startProgram(): Promise<Program> {
    const { directory, appEnvironment, newMark, clock } = this.#context;
    const environment = appEnvironment();
    const { command, port } = this.definition;
    this.#launch = { id: newMark(), at: clock() };
    // An app that deletes its own directory gets an empty one, rather than a process that never starts again.
    await mkdir(directory, { recursive: true });
    return Program.start({
      argv: ['bash', '-lc', command],
      cwd: directory,
      env: port === undefined ? environment : { ...environment, PORT: String(port) },
      mark: this.#launch.id,
    });
  }

  async #attend(program: Program, signal: AbortSignal): Promise<number> {
    program.record((bytes) => this.#log.write(bytes));
    await program.exitedOr(signal);
    // Also after a crash: what the leader started may hold the port, and would be in its successor's way.
    await program.end(this.#grace);
    await this.#log.flush();
    return program.exited;
  }

  #note(text: string): void {
    void this.#log.note(text);
  }
}
