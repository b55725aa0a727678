import type { Limits } from './limits.ts';
import type { Visit } from './visit.ts';

/** What becomes of a held visit. Exactly one of the two is called, unless its client leaves. */
export interface HeldOutcome {
  /** Something has changed: look again where it belongs. */
  readonly release: () => void;
  readonly expire: () => void;
}

/** The visits that wait for one sandbox, the one that came first first. */
export type Waiting = Map<Visit, () => void>;

/** What a request with a body can keep in memory while nobody reads it: two read buffers. */
const UNREAD_BYTES = 128 * 1024;

/**
 * Keeps requests waiting while a sandbox wakes. Their bodies stay with the client: nothing is read before there is
 * somebody to take it, so that what a held request costs is known.
 */
export class HoldingArea {
  readonly #limits: Limits;
  readonly #expiries = new Set<() => void>();
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param ms how long at most @returns false when there is no room */
  hold(visit: Visit, waiting: Waiting, ms: number, outcome: HeldOutcome): boolean {
    const cost = this.#limits.clientHeadBytes + (visit.hasBody ? UNREAD_BYTES : 0);
    if (waiting.size >= this.#limits.heldPerSandbox) return false;
    if (this.#bytes + cost > this.#limits.heldBytes) return false;
    this.#bytes += cost;
    let over = false;
    const end = (then?: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      visit.res.off('close', leave);
      waiting.delete(visit);
      this.#expiries.delete(expire);
      this.#bytes -= cost;
      then?.();
    };
    const leave = () => end();
    const expire = () => end(outcome.expire);
    const timer = setTimeout(expire, ms);
    visit.res.on('close', leave);
    waiting.set(visit, () => end(outcome.release));
    this.#expiries.add(expire);
    return true;
  }

  /** Lets nobody wait any longer. */
  clear(): void {
    for (const expire of this.#expiries) expire();
  }
}

/** Lets everybody look again, in the order they came; whoever has to wait on keeps that order. */
export function releaseAll(waiting: Waiting): void {
  // A copy, because whoever has to wait on is added again.
  for (const release of Array.from(waiting.values())) release();
}
