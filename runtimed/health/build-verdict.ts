import type { Changes } from '../changes.ts';
import type { Timings } from '../options.ts';
import { pause } from '../pause.ts';
import { fingerprint } from '../sources.ts';

/** After a look it rests for so many times as long as that took, if that is more than the usual. */
const LEISURE = 10;

export interface BuildVerdictContext {
  /** The app directory. */
  readonly directory: string;
  readonly timings: Timings;
  /** Told when the verdict does not stand any more. */
  readonly changes: Changes;
  /** The launch of the web process that is shown now. */
  readonly launchId: () => string;
}

interface Verdict {
  readonly message: string;
  readonly launchId: string;
  readonly withdrawn: AbortController;
}

/**
 * That the app does not build, as a check has found. It stands until the web process is started again, a file of the
 * app changes, or another check comes to another end. The files are looked at only while it stands.
 */
export class BuildVerdict implements AsyncDisposable {
  readonly #context: BuildVerdictContext;
  #verdict: Verdict | undefined;
  #watching: Promise<unknown> = Promise.resolve();

  constructor(context: BuildVerdictContext) {
    this.#context = context;
  }

  /** Why the app does not build; undefined when nothing is known against it. */
  get message(): string | undefined {
    const verdict = this.#verdict;
    return verdict?.launchId === this.#context.launchId() ? verdict.message : undefined;
  }

  set(message: string): void {
    this.clear();
    const verdict = { message, launchId: this.#context.launchId(), withdrawn: new AbortController() };
    this.#verdict = verdict;
    this.#context.changes.notify();
    this.#watching = Promise.all([this.#watching, this.#watch(verdict)]);
  }

  clear(): void {
    if (this.#verdict === undefined) return;
    this.#verdict.withdrawn.abort();
    this.#verdict = undefined;
    this.#context.changes.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
    await this.#watching;
  }

  async #watch(verdict: Verdict): Promise<void> {
    const { directory, timings, launchId } = this.#context;
    const { signal } = verdict.withdrawn;
    const judged = await fingerprint(directory);
    let took = 0;
    while (!signal.aborted && launchId() === verdict.launchId) {
      await pause(Math.max(timings.sourcePoll, took * LEISURE), signal);
      const started = performance.now();
      if (!signal.aborted && (await fingerprint(directory)) !== judged) break;
      took = performance.now() - started;
    }
    if (this.#verdict === verdict) this.clear();
  }
}
