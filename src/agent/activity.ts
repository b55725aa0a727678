import type { Traffic } from '../domain/routing.ts';

/** Why a sandbox is kept awake right now, and when it was last used. Memory only: a restart counts as a use. */
export class Activity {
  readonly #traffic = new Map<string, { inFlight: number; lastRequestAt: number }>();
  readonly #holders = new Map<string, Map<symbol, string>>();

  observe({ sandboxId, inFlight, lastRequestAt }: Traffic): void {
    this.#traffic.set(sandboxId, { inFlight, lastRequestAt });
  }

  /** Keeps a sandbox awake until the holder is disposed of. @param reason shown to people */
  hold(sandboxId: string, reason: string): Disposable {
    const key = Symbol(reason);
    const holders = this.#holders.get(sandboxId) ?? new Map<symbol, string>();
    this.#holders.set(sandboxId, holders.set(key, reason));
    return {
      [Symbol.dispose]: () => {
        holders.delete(key);
        if (holders.size === 0 && this.#holders.get(sandboxId) === holders) this.#holders.delete(sandboxId);
      },
    };
  }

  lastRequestAt(sandboxId: string): number {
    return this.#traffic.get(sandboxId)?.lastRequestAt ?? 0;
  }

  /** Empty when nothing holds it. */
  reasons(sandboxId: string): string[] {
    const requests = this.#traffic.get(sandboxId)?.inFlight ?? 0;
    const holders = this.#holders.get(sandboxId)?.values() ?? [];
    return [...(requests > 0 ? ['a request is in flight'] : []), ...new Set(holders)];
  }

  forget(sandboxId: string): void {
    this.#traffic.delete(sandboxId);
  }
}
