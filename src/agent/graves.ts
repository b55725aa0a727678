import type { Clock } from '../domain/ids.ts';

/** Longer than any order can be under way: its token is refused after a minute. */
const KEPT_MS = 5 * 60 * 1000;

interface Grave {
  readonly generation: number;
  /** When the API was known to have heard of it. */
  confirmedAt?: number;
}

/**
 * Deletions that were carried out. Until the API has heard of one it is told with every sync; after that it is
 * remembered for a while longer, so that an older order that comes late does not bring the sandbox back.
 */
export class Graves {
  readonly #graves = new Map<string, Grave>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: string, generation: number): void {
    this.#graves.set(id, { generation });
  }

  generationOf(id: string): number | undefined {
    return this.#graves.get(id)?.generation;
  }

  unconfirmed(): string[] {
    return [...this.#graves].filter(([, grave]) => grave.confirmedAt === undefined).map(([id]) => id);
  }

  confirm(ids: Iterable<string>): void {
    const now = this.#clock();
    for (const id of ids) {
      const grave = this.#graves.get(id);
      if (grave !== undefined) grave.confirmedAt ??= now;
    }
    for (const [id, { confirmedAt }] of this.#graves) {
      if (confirmedAt !== undefined && now - confirmedAt > KEPT_MS) this.#graves.delete(id);
    }
  }
}
