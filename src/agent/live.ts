import { setTimeout as delay } from 'node:timers/promises';
import { SandboxdError } from '../domain/errors.ts';
import type { SandboxRuntime } from '../domain/runtime.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';

/** Between attempts to reach a control socket: a boot binds it within a hundred milliseconds or so. */
const RETRY_MS = 10;
const RETRY_LATER_MS = 1000;
/** After this many quick attempts the sandbox is not just booting. */
const QUICK_ATTEMPTS = 1000;
/** How long a request waits for a booting sandbox to answer. */
const REACH_LIMIT_MS = 15_000;

export interface LiveOptions {
  readonly address: string;
  /** Differs between any two starts. */
  readonly startedAt: number;
  readonly runtime: SandboxRuntime;
  /** Called with every new status. Must not throw. */
  readonly onStatus: (status: RuntimeStatus) => void;
}

/** A sandbox whose container runs: its address, its runtime, and what that last said. Ends with `detach`. */
export class LiveSandbox {
  readonly address: string;
  readonly startedAt: number;
  readonly runtime: SandboxRuntime;
  status: RuntimeStatus | undefined;
  readonly #abort = new AbortController();
  readonly #reached = Promise.withResolvers<void>();
  readonly #onStatus: (status: RuntimeStatus) => void;
  readonly #watching: Promise<void>;
  /** How many statuses came. */
  #told = 0;

  constructor({ address, startedAt, runtime, onStatus }: LiveOptions) {
    this.address = address;
    this.startedAt = startedAt;
    this.runtime = runtime;
    this.#reached.promise.catch(() => {
      // Nobody may be waiting when it is detached; whoever waits sees the rejection.
    });
    this.#onStatus = onStatus;
    this.#watching = this.#watch();
  }

  /** Resolves once the runtime answers. @throws sandbox_unavailable when it does not in time, or is detached */
  async reach(): Promise<SandboxRuntime> {
    const late = AbortSignal.timeout(REACH_LIMIT_MS);
    const timeout = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(unavailable('did not answer in time')), { once: true });
    });
    await Promise.race([this.#reached.promise, timeout]);
    return this.runtime;
  }

  /** Asks for the status now, for who must not be told what was before. @throws sandbox_unavailable */
  async refresh(): Promise<void> {
    const before = this.#told;
    const status = await this.runtime.status();
    // What the watch has told meanwhile may be newer than this answer, and it is told of everything that follows.
    if (this.#told === before) this.#notice(status);
  }

  /** Aborts when nobody follows this run any more: before an ordered stop, and once it has ended. */
  get detached(): AbortSignal {
    return this.#abort.signal;
  }

  async detach(): Promise<void> {
    this.#abort.abort();
    this.#reached.reject(unavailable('was stopped'));
    await this.#watching;
    await this.runtime[Symbol.asyncDispose]();
  }

  #notice(status: RuntimeStatus): void {
    this.#told += 1;
    this.status = status;
    this.#onStatus(status);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        for await (const status of this.runtime.watch(signal)) {
          this.#notice(status);
          this.#reached.resolve();
        }
      } catch (error) {
        // A runtime that does not answer is a state, not a failure of ours: keep what was last seen and try again.
        if (!(error instanceof SandboxdError)) throw error;
      }
      const pause = attempt < QUICK_ATTEMPTS && this.status === undefined ? RETRY_MS : RETRY_LATER_MS;
      await delay(pause, undefined, { signal }).catch(() => {
        // Aborted: the loop ends by its condition.
      });
    }
  }
}

const unavailable = (what: string) => new SandboxdError('sandbox_unavailable', `The sandbox ${what}.`);
