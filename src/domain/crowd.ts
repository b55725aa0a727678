import { RateLimitedError } from './errors.ts';
import type { Clock } from './ids.ts';

/** A platform may cut off a request midway, and nothing of it runs any more: what began long ago is over. */
const LONGEST_MS = 10_000;

/**
 * Lets a few at once do something costly, in this process, and refuses the others. Nobody queues: where requests are
 * isolated from each other, one cannot wait for another.
 */
export class Crowd {
  readonly #most: number;
  readonly #begun = new Set<{ readonly at: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws rate_limited when enough are at it */
  async among<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
    const mine = { at: clock() };
    for (const one of this.#begun) if (one.at < mine.at - LONGEST_MS) this.#begun.delete(one);
    if (this.#begun.size >= this.#most) {
      throw new RateLimitedError('Others are logging in at this moment. Try again in a second.', 1000);
    }
    this.#begun.add(mine);
    try {
      return await work();
    } finally {
      this.#begun.delete(mine);
    }
  }
}
