import type { Clock } from '../src/domain/ids.ts';
import { type Changes, FOR_EVER } from './changes.ts';
import type { Timings } from './options.ts';
import { pause } from './pause.ts';
import { fingerprint } from './sources.ts';

/** Looks until the files are taken to be at rest although they are not: something else writes there all the time. */
const MOST_LOOKS = 10;
/** After a look it rests for so many times as long as that took, if that is more than the usual. */
const LEISURE = 10;

export interface HealingContext {
  /** The app directory. */
  readonly directory: string;
  readonly timings: Timings;
  readonly clock: Clock;
  /** Told whenever the state of a process changes. */
  readonly changes: Changes;
  readonly hasAbandoned: () => boolean;
  /** A task or a revert is at work: what it does halfway is nothing to start. Told by `changes` when it is over. */
  readonly isHeldBack: () => boolean;
}

/**
 * Gives abandoned processes another chance when a file of the app changes. Nothing is looked at while none is
 * abandoned.
 */
export class Healing {
  readonly #context: HealingContext;
  #revivedAt = Number.NEGATIVE_INFINITY;
  #delay = 0;
  #lookTook = 0;

  constructor(context: HealingContext) {
    this.#context = context;
  }

  /** Calls back whenever there is reason to revive, until the signal aborts. One call ends before the next begins. */
  async watch(revive: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { changes, hasAbandoned, clock } = this.#context;
    while (!signal.aborted) {
      const { version } = changes;
      if (!hasAbandoned()) {
        await changes.after(version, FOR_EVER, signal);
        continue;
      }
      if (!(await this.#sourcesChange(signal))) continue;
      this.#revivedAt = clock();
      await revive();
    }
  }

  /**
   * Resolves with true once a file has changed since now and all of them rest; with false when nothing is abandoned
   * any more. What the process did to its own files before it was abandoned is no change.
   */
  async #sourcesChange(signal: AbortSignal): Promise<boolean> {
    const { directory, hasAbandoned, isHeldBack, changes } = this.#context;
    const notBefore = performance.now() + this.#patience();
    const abandonedWith = await fingerprint(directory);
    let seen = abandonedWith;
    let looks = 0;
    while (hasAbandoned() && !signal.aborted) {
      const { version } = changes;
      if (isHeldBack()) {
        await changes.after(version, FOR_EVER, signal);
        continue;
      }
      const now = await this.#look(signal);
      const isResting = now === seen || looks >= MOST_LOOKS;
      if (now !== abandonedWith) looks += 1;
      seen = now;
      if (looks > 0 && isResting && performance.now() >= notBefore && !isHeldBack()) {
        return hasAbandoned() && !signal.aborted;
      }
    }
    return false;
  }

  /** Milliseconds before the next revival: whatever changes files all the time must not make a crash loop a hot one. */
  #patience(): number {
    const { timings, clock } = this.#context;
    // From the revival to the next abandonment it takes less, unless it was well for a while.
    const isRelapse = clock() - this.#revivedAt < 2 * timings.healthy;
    const { firstRevival, longestRevival } = timings;
    this.#delay = isRelapse ? Math.min(Math.max(firstRevival, this.#delay * 2), longestRevival) : 0;
    return this.#delay;
  }

  async #look(signal: AbortSignal): Promise<string> {
    const { timings, directory } = this.#context;
    await pause(Math.max(timings.sourcePoll, this.#lookTook * LEISURE), signal);
    const started = performance.now();
    const found = await fingerprint(directory);
    this.#lookTook = performance.now() - started;
    return found;
  }
}
