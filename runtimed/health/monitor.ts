import { type Clock, timestamp } from '../../src/domain/ids.ts';
import type { WebDefinition } from '../../src/domain/manifest.ts';
import type { PreviewState, PreviewStatus } from '../../src/domain/runtimed.ts';
import { type Changes, FOR_EVER } from '../changes.ts';
import type { LogFile } from '../logs/log-file.ts';
import type { Timings } from '../options.ts';
import type { WebProcess } from '../processes/supervisor.ts';
import { BuildVerdict } from './build-verdict.ts';
import { type Health, isAwaited, judge, NONE, probeInterval, STARTING } from './judge.ts';
import { isListened } from './listening.ts';
import { ownAddress } from './own-address.ts';
import { probe } from './probe.ts';

/** An app that takes longer to answer does not serve. */
const PROBE_LIMIT = 10_000;

/** How often it is looked whether a port has been opened, in milliseconds. */
const LISTEN_POLL = 8;

const NOT_LAUNCHED: WebProcess = { running: false, id: '', at: 0 };

export interface MonitorContext {
  readonly clock: Clock;
  readonly timings: Timings;
  /** The app directory. */
  readonly directory: string;
  /** Where it is asked; undefined for the sandbox's own address. */
  readonly webHost: string | undefined;
  /** The web process's, where people look for a reason. */
  readonly log: LogFile;
  /** The web process as it is now; undefined before it is first started. */
  readonly web: () => WebProcess | undefined;
  /** Told by the supervisor when a process changes, and told here when the health does. */
  readonly changes: Changes;
}

/** Watches whether the web process serves. */
export class HealthMonitor implements AsyncDisposable {
  readonly #context: MonitorContext;
  readonly #closing = new AbortController();
  /** What the last build check had against the app. */
  readonly build: BuildVerdict;
  #target: WebDefinition | undefined;
  #health: Health = STARTING;
  /** The launch that the health is about. */
  #judged = '';
  /** The launch of which it was told that no visitor reaches it. */
  #toldOf = '';
  #loop: Promise<void> | undefined;
  /** How often somebody has asked for a fresh look, and the last of them that has an answer. */
  #asked = 0;
  #answered = 0;

  constructor(context: MonitorContext) {
    this.#context = context;
    this.build = new BuildVerdict({ ...context, launchId: () => this.#launchId });
  }

  get state(): PreviewState {
    // Of a process that was replaced this very moment nothing is known, whatever its predecessor answered.
    const isFresh = this.#target !== undefined && this.#launchId !== this.#judged;
    const { status, lastStatus, checkedAt } = isFresh ? STARTING : this.#health;
    const error = this.#target === undefined ? undefined : this.build.message;
    return {
      status: error === undefined ? status : 'error',
      ...(lastStatus !== undefined && { last_http_status: lastStatus }),
      ...(checkedAt !== undefined && { last_checked_at: timestamp(checkedAt) }),
      ...(error !== undefined && { build_error_message: error }),
    };
  }

  /**
   * Looks afresh, and returns once it is clear whether the app serves: what is down is given a moment to come up again,
   * since many apps restart themselves when their files change. Returns when the signal aborts in any case. The
   * build's verdict does not count.
   */
  async settled(signal: AbortSignal): Promise<PreviewStatus> {
    const { changes, timings } = this.#context;
    this.#asked += 1;
    const asked = this.#asked;
    changes.notify();
    let downSince: number | undefined;
    while (!signal.aborted) {
      const { version } = changes;
      const { status, failures } = this.#health;
      const isCurrent = this.#answered >= asked && this.#launchId === this.#judged;
      downSince = isCurrent && status === 'down' ? (downSince ?? performance.now()) : undefined;
      const patience =
        downSince === undefined ? FOR_EVER : downSince + timings.downPatience - performance.now();
      if (isCurrent && (status === 'none' || (status === 'ready' && failures === 0) || patience <= 0)) break;
      await changes.after(version, patience, signal);
    }
    return this.#health.status;
  }

  /** What to probe from now on; undefined for an app without a web process. */
  watch(target: WebDefinition | undefined): void {
    const isNew = target?.port !== this.#target?.port || target?.health_path !== this.#target?.health_path;
    this.#target = target;
    if (target === undefined) this.#become(NONE);
    else if (isNew) this.#become(STARTING);
    this.#context.changes.notify();
    this.#loop ??= this.#run(this.#closing.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#loop, this.build[Symbol.asyncDispose]()]);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { timings } = this.#context;
    while (!signal.aborted) {
      const key = this.#key;
      const id = this.#launchId;
      const asked = this.#asked;
      if (id !== this.#judged) {
        this.#judged = id;
        this.#become(this.#target ? STARTING : NONE);
        await this.#rest(key, timings.firstProbe, signal);
      }
      const startedAt = performance.now();
      // Asked before the probe: a port that opens meanwhile is worth another one at once.
      const isClosed = id !== '' && isAwaited(this.#health) && !(await this.#isListened());
      if (id !== '' && this.#target) await this.#probe(this.#target, key, signal);
      this.#answer(asked, key);
      const left = probeInterval(this.#health, timings) - (performance.now() - startedAt);
      const isWatched = isClosed && isAwaited(this.#health);
      await (isWatched ? this.#restUntilOpen(key, left, signal) : this.#rest(key, left, signal));
    }
  }

  async #probe(target: WebDefinition, key: string, signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT)]);
    const { port, health_path: healthPath } = target;
    const outcome = await probe({ host: this.#host, port, healthPath }, limited);
    // An answer of the process before this one says nothing of this one.
    if (signal.aborted || key !== this.#key) return;
    if (outcome.isHidden === true) this.#tellHidden(port);
    const { running, at } = this.#context.web() ?? NOT_LAUNCHED;
    const now = this.#context.clock();
    this.#become(judge(this.#health, outcome, { running, uptime: now - at }, now, this.#context.timings));
  }

  /** Whoever asked before a look that counts has an answer. */
  #answer(asked: number, key: string): void {
    if (asked === this.#answered || key !== this.#key) return;
    this.#answered = asked;
    this.#context.changes.notify();
  }

  /** Once for each launch. */
  #tellHidden(port: number): void {
    if (this.#toldOf === this.#judged) return;
    this.#toldOf = this.#judged;
    void this.#context.log.note(
      `the app listens where only its own sandbox reaches it (127.0.0.1); let it listen on 0.0.0.0:${port}`,
    );
  }

  get #host(): string {
    return this.#context.webHost ?? ownAddress();
  }

  /** Of an app without a web process nothing is to be seen. */
  async #isListened(): Promise<boolean> {
    return this.#target === undefined || (await isListened(this.#host, this.#target.port));
  }

  get #launchId(): string {
    return (this.#context.web() ?? NOT_LAUNCHED).id;
  }

  /** Changes with whatever makes the last probe worthless. */
  get #key(): string {
    const { id, running } = this.#context.web() ?? NOT_LAUNCHED;
    return [id, running, this.#target?.port, this.#target?.health_path, this.#asked].join(' ');
  }

  /** Waits `ms` milliseconds, or until the key is another. */
  async #rest(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const { changes } = this.#context;
    const deadline = performance.now() + ms;
    while (!signal.aborted && this.#key === key) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await changes.after(changes.version, left, signal);
    }
  }

  /** The same, or until something listens. */
  async #restUntilOpen(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + ms;
    while (!signal.aborted && this.#key === key && performance.now() < deadline) {
      if (await this.#isListened()) return;
      await this.#rest(key, Math.min(LISTEN_POLL, deadline - performance.now()), signal);
    }
  }

  #become(health: Health): void {
    const before = this.#health;
    const isNews =
      health.status !== before.status ||
      health.lastStatus !== before.lastStatus ||
      (health.failures === 0) !== (before.failures === 0);
    this.#health = health;
    if (isNews) this.#context.changes.notify();
  }
}
