import type { Clock } from '../../domain/ids.ts';

/** Waits for a provider, and ends what waits when it says nothing for too long. */
export class Silence implements Disposable {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #onSilent: () => void;
  #timer: NodeJS.Timeout | undefined;
  #since: number | undefined;

  constructor(ms: number, clock: Clock, onSilent: () => void) {
    this.#ms = ms;
    this.#clock = clock;
    this.#onSilent = onSilent;
    this.listen();
  }

  /** From now on it is the provider's turn. */
  listen(): void {
    this.#since = this.#clock();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onSilent, this.#ms);
  }

  /** It is the agent's turn to read. */
  pause(): void {
    this.#since = undefined;
    clearTimeout(this.#timer);
  }

  /** Milliseconds it has lasted. */
  get lasting(): number {
    return this.#since === undefined ? 0 : this.#clock() - this.#since;
  }

  [Symbol.dispose](): void {
    this.pause();
  }
}
