import type { Logger } from '../src/domain/log.ts';
import type { Mask } from '../src/domain/mask.ts';
import { WEB_PROCESS } from '../src/domain/manifest-schema.ts';
import type { ManifestProblem } from '../src/domain/manifest-problem.ts';
import type { BootPhase, RestartScope, RuntimeStatus } from '../src/domain/runtimed.ts';
import type { InstallStep } from './boot/install-step.ts';
import type { Installer } from './boot/install.ts';
import { type Changes, FOR_EVER } from './changes.ts';
import type { Configuration } from './config/configuration.ts';
import type { Healing } from './healing.ts';
import type { HealthMonitor } from './health/monitor.ts';
import type { LogStore } from './logs/log-store.ts';
import type { ManifestFile, ManifestState } from './manifest-file.ts';
import { orAborted } from './pause.ts';
import type { Supervisor } from './processes/supervisor.ts';

export interface AppParts {
  /** Fills a new home; never rejects. */
  readonly seed: () => Promise<void>;
  readonly configuration: Pick<Configuration, 'received' | 'revision' | 'mask'>;
  readonly installer: Installer;
  readonly manifestFile: ManifestFile;
  readonly supervisor: Supervisor;
  /** Sees to what was abandoned. */
  readonly healing: Healing;
  readonly health: HealthMonitor;
  readonly logs: LogStore;
  readonly changes: Changes;
  readonly logger: Logger;
}

const PROBLEMS_TOLD = 3;
const MAX_ERROR_LENGTH = 1000;

/** The app of this sandbox, from its first boot to the last change of its manifest. */
export class App {
  readonly #parts: AppParts;
  readonly #seeded = Promise.withResolvers<void>();
  readonly #restartSteps = {
    begun: () => this.#become('starting'),
    beforeStart: () => this.#install(this.#signal),
  };
  #signal = new AbortController().signal;
  #installs: Promise<void> = Promise.resolve();
  #follows: Promise<void> = Promise.resolve();
  /** What runs, as it was declared. */
  #followed: string | undefined;
  /** What a task asked for was installed, and what runs has loaded the old. */
  #isOutdated = false;
  #phase: BootPhase = 'seeding';
  #webPort: number | undefined;
  #problems: readonly ManifestProblem[] = [];

  constructor(parts: AppParts) {
    this.#parts = parts;
  }

  get status(): RuntimeStatus {
    const { health, supervisor, configuration } = this.#parts;
    const { revision, mask } = configuration;
    return {
      phase: this.#phase,
      preview: health.state,
      ...(this.#webPort !== undefined && { web_port: this.#webPort }),
      processes: supervisor.states,
      ...(this.#problems.length > 0 && { manifest_error: describe(this.#problems, mask) }),
      ...(revision !== undefined && { config_revision: revision }),
    };
  }

  /** Resolves when the home is filled, as far as it can be. */
  get seeded(): Promise<void> {
    return this.#seeded.promise;
  }

  /** Resolves once its first processes run, or have something to wait for; after `ms` milliseconds in any case. */
  async begun(ms: number): Promise<void> {
    const { changes, supervisor } = this.#parts;
    const deadline = performance.now() + ms;
    for (let left = ms; left > 0 && this.#phase !== 'installing' && !supervisor.isStarted; ) {
      await changes.after(changes.version, left, this.#signal);
      left = deadline - performance.now();
    }
  }

  /** Boots the app and keeps to its manifest until the signal aborts. Something always runs in the end. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await this.#parts.seed();
    this.#seeded.resolve();
    await orAborted(this.#parts.configuration.received, signal);
    if (signal.aborted) return;
    await this.#install(signal);
    if (signal.aborted) return;
    await Promise.all([
      this.#parts.manifestFile.watch(() => this.#follow(signal), signal),
      this.#noticeServing(signal),
      this.#parts.healing.watch(
        () => this.#parts.supervisor.restart('abandoned', this.#restartSteps),
        signal,
      ),
    ]);
  }

  /**
   * Restarts processes, after an install when the app asks for more than it has. Returns when the old ones have ended;
   * the rest shows in the status. Before the first start there is nothing to restart. After a task it is the manifest of
   * that moment that counts, and when it asked for other dependencies everything is restarted: what runs has loaded the
   * old ones.
   */
  async restart(scope: RestartScope): Promise<void> {
    if (scope === 'after_task') await this.#followChange();
    const isOutdated = this.#isOutdated;
    const isWidened = scope === 'after_task' && (isOutdated || (await this.#pending()) !== undefined);
    const widened = isWidened ? 'all' : scope;
    this.#isOutdated = false;
    this.#parts.logger.info('restart', { scope: widened });
    // What could not be installed a moment ago would fail again.
    const steps = isOutdated ? { ...this.#restartSteps, beforeStart: async () => {} } : this.#restartSteps;
    await this.#parts.supervisor.restart(widened, steps);
  }

  /** Resolves when what was restarted is started anew. */
  get restarted(): Promise<void> {
    return this.#parts.supervisor.settled;
  }

  /**
   * Installs what a task has asked for, before it is checked; the next restart after a task then starts everything
   * anew. Never rejects.
   */
  async installForTask(signal: AbortSignal): Promise<void> {
    if ((await this.#pending()) === undefined) return;
    await orAborted(this.#install(AbortSignal.any([signal, this.#signal])), signal);
    // What was called off is still to be done, by whoever starts something the next time.
    this.#isOutdated = !signal.aborted || (await this.#pending()) === undefined;
  }

  /** What comes before every start. Never rejects: what runs afterwards says itself what it misses. */
  #install(signal: AbortSignal): Promise<void> {
    // One at a time: package managers do not expect each other.
    const done = this.#installs.then(() => this.#installPending(signal));
    this.#installs = done;
    return done;
  }

  async #installPending(signal: AbortSignal): Promise<void> {
    const { installer, manifestFile, logs } = this.#parts;
    const [pending, { manifest }] = await Promise.all([this.#pending(), manifestFile.load()]);
    if (pending !== undefined) {
      this.#become('installing');
      // The log of what waits for it is where people look.
      const name = manifest.web ? WEB_PROCESS : (manifest.workers[0]?.name ?? WEB_PROCESS);
      await installer.run(pending, logs.of(name), signal);
    }
    this.#become('starting');
  }

  /** What is to be installed; undefined also where that cannot be told. */
  async #pending(): Promise<readonly InstallStep[] | undefined> {
    try {
      return await this.#parts.installer.pending();
    } catch (error) {
      this.#parts.logger.error('what is to be installed could not be told', error);
      return undefined;
    }
  }

  /** Runs what the manifest declares now. */
  #follow(signal: AbortSignal): Promise<void> {
    return this.#followInTurn(() => true, signal);
  }

  /** The same, where that is something else than what runs. Before the first start there is nothing to change. */
  #followChange(): Promise<void> {
    return this.#followInTurn(
      (declared) => this.#followed !== undefined && this.#followed !== declared,
      this.#signal,
    );
  }

  /** One after another: what is read later counts. */
  #followInTurn(isWanted: (declared: string) => boolean, signal: AbortSignal): Promise<void> {
    const done = this.#follows.then(() => this.#followOnce(isWanted, signal));
    this.#follows = done;
    return done;
  }

  async #followOnce(isWanted: (declared: string) => boolean, signal: AbortSignal): Promise<void> {
    const state = await this.#parts.manifestFile.load();
    const declared = JSON.stringify(state);
    if (signal.aborted || !isWanted(declared)) return;
    this.#followed = declared;
    await this.#apply(state);
  }

  async #apply({ manifest, problems }: ManifestState): Promise<void> {
    const { supervisor, health, changes } = this.#parts;
    this.#report(problems);
    this.#webPort = manifest.web?.port;
    health.watch(manifest.web);
    changes.notify();
    await supervisor.apply(manifest);
  }

  #report(problems: readonly ManifestProblem[]): void {
    this.#problems = problems;
    if (problems.length === 0) return;
    const error = describe(problems, this.#parts.configuration.mask);
    this.#parts.logger.warn('sandbox.yaml is not usable, running the defaults', { error });
  }

  /** A start ends with the first good answer, or for an app without a web process when its workers are started. */
  async #noticeServing(signal: AbortSignal): Promise<void> {
    const { changes, health, supervisor } = this.#parts;
    while (!signal.aborted) {
      const { version } = changes;
      const { status } = health.state;
      // What does not build may serve all the same.
      const isUp = status === 'none' ? supervisor.isStarted : status === 'ready' || status === 'error';
      if (isUp && this.#phase === 'starting') this.#become('ready');
      else await changes.after(version, FOR_EVER, signal);
    }
  }

  #become(phase: BootPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#parts.logger.info('boot', { phase });
    this.#parts.changes.notify();
  }
}

/** A tenant can make as many problems as it likes; a few of them tell enough. */
function describe(problems: readonly ManifestProblem[], mask: Mask): string {
  const told = problems
    .slice(0, PROBLEMS_TOLD)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = problems.length - told.length;
  // Before it is cut: what is left of a secret would not be known for one.
  return `${mask.text(told.join('; ')).slice(0, MAX_ERROR_LENGTH)}${more > 0 ? `; and ${more} more` : ''}`;
}
