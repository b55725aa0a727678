import { constants } from 'node:fs';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../../src/domain/log.ts';
import { RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import type { LogFile } from '../logs/log-file.ts';
import type { Timings } from '../options.ts';
import type { Environment } from '../processes/environment.ts';
import { Program } from '../processes/program.ts';
import { openRegular } from '../regular-file.ts';
import { installPlan } from './install-plan.ts';
import type { InstallStep } from './install-step.ts';

/** Without a terminal and without questions. */
const UNATTENDED = { CI: 'true', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' };

export interface InstallContext {
  readonly home: string;
  /** The app directory. */
  readonly directory: string;
  /** The image's prepared dependencies. */
  readonly layers: string;
  /** What programs of the app start with now. */
  readonly appEnvironment: () => Environment;
  readonly timings: Timings;
  readonly logger: Logger;
  readonly newMark: () => string;
}

/** Brings an app's dependencies in line with what it asks for. */
export class Installer {
  readonly #context: InstallContext;
  readonly #marker: string;

  constructor(context: InstallContext) {
    this.#context = context;
    this.#marker = join(context.home, RESERVED_DIRECTORY, 'installing');
  }

  /** @returns undefined when everything the app asks for is there */
  async pending(): Promise<readonly InstallStep[] | undefined> {
    const { directory, layers } = this.#context;
    const isUnfinished = await exists(this.#marker);
    const steps = await installPlan({ directory, layers, isUnfinished });
    return steps.length === 0 ? undefined : steps;
  }

  /**
   * Installs, with output to `log`. A failure is logged and no more: the app starts with what it has.
   * @param signal gives it up at once. What was cut off, by that or by the time limit, the next start takes up again
   */
  async run(steps: readonly InstallStep[], log: LogFile, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await this.#mark();
      let isCutOff = false;
      for (const step of steps) isCutOff = !(await this.#take(step, log, signal)) || isCutOff;
      if (!isCutOff) await rm(this.#marker, { recursive: true, force: true });
    } catch (error) {
      this.#context.logger.error('install failed', error);
    }
  }

  /** @returns whether it came to an end of its own, good or bad */
  async #take({ why, command }: InstallStep, log: LogFile, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { logger, timings } = this.#context;
    const limit = AbortSignal.timeout(timings.installLimit);
    logger.info('installing dependencies', { command, why });
    await log.note(`${why}: ${command}`);
    const code = await this.#execute(command, log, signal, limit);
    if (signal.aborted) return false;
    logger.info('install ended', { command, code });
    if (limit.aborted) await log.note(`the install was cut off after ${timings.installLimit / 1000} s`);
    else if (code !== 0) await log.note(`the install failed with code ${code}`);
    return !limit.aborted;
  }

  async #execute(command: string, log: LogFile, signal: AbortSignal, limit: AbortSignal): Promise<number> {
    const { directory, appEnvironment, newMark, timings } = this.#context;
    const program = await Program.start({
      argv: ['bash', '-lc', command],
      cwd: directory,
      env: { ...appEnvironment(), ...UNATTENDED },
      mark: newMark(),
    });
    program.record((bytes) => log.write(bytes));
    await program.exitedOr(AbortSignal.any([signal, limit]));
    await program.end(signal.aborted ? timings.shutdownGrace : timings.stopGrace);
    return program.exited;
  }

  /** An install that does not come to its end leaves something that looks installed and is not. */
  async #mark(): Promise<void> {
    await mkdir(dirname(this.#marker), { recursive: true, mode: 0o700 });
    await using _file = await openRegular(this.#marker, constants.O_WRONLY | constants.O_CREAT);
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
