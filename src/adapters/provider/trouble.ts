import { NOTABLE_WAIT_MS } from './limits.ts';
import type { Silence } from './silence.ts';

/** How things stand between one task and its provider. */
export class Trouble {
  readonly #maxFailures: number;
  readonly #waiting = new Set<Silence>();
  #failures = 0;
  #last: string | undefined;

  constructor(maxFailures: number) {
    this.#maxFailures = maxFailures;
  }

  /** Until disposed of, somebody waits for an answer. */
  wait(silence: Silence): Disposable {
    this.#waiting.add(silence);
    return { [Symbol.dispose]: () => this.#waiting.delete(silence) };
  }

  /** The provider works. */
  answered(): void {
    this.#failures = 0;
    this.#last = undefined;
  }

  /** The provider works, and does not do what was asked. */
  refused(message: string): void {
    this.#failures = 0;
    this.#last = message;
  }

  /** @returns whether that has been the last one it is allowed: the provider counts as down */
  failed(message: string): boolean {
    this.#failures += 1;
    this.#last = message;
    return this.#failures >= this.#maxFailures;
  }

  /** What the last answer to come was a failure of; undefined when it was none. */
  get failure(): string | undefined {
    return this.#last;
  }

  /** For people; undefined when all is well. */
  get description(): string | undefined {
    const longest = Math.max(0, ...[...this.#waiting].map((silence) => silence.lasting));
    if (longest < NOTABLE_WAIT_MS) return this.#last;
    return `The provider has not answered the last request for ${Math.floor(longest / 1000)} s.`;
  }
}
