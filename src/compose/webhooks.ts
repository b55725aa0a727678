import { pause } from '../domain/pause.ts';
import type { Ports } from '../domain/ports.ts';
import type { Change, Store } from '../domain/store.ts';
import { WebhookDispatch } from '../domain/webhook-dispatch.ts';
import { presentEvent } from '../routes/v1/present.ts';

/** How often what is due again is looked for: finer than the shortest wait between attempts. */
const POLL_MS = 5000;
/** What comes together is looked for together. */
const SETTLE_MS = 50;

/** What makes, or may make, a delivery due at once. */
const NEWS: ReadonlySet<Change['kind']> = new Set(['event', 'report', 'delivery.retry']);

const dispatchOf = (ports: Ports): WebhookDispatch =>
  new WebhookDispatch(ports, { present: presentEvent, random: Math.random });

/** Sends what is due until nothing is left or the signal aborts, for a process that does not stay. @throws what the store does */
export const sendDueWebhooks = (ports: Ports, signal: AbortSignal): Promise<void> =>
  dispatchOf(ports).drain(signal);

/** Sends webhooks for as long as it lasts: news at once, and what is tried again when its time comes. */
export class WebhookLoop {
  #news = Promise.withResolvers<void>();

  /** The same store, of whose changes this hears. */
  hearing(store: Store): Store {
    return {
      ...store,
      commit: async (...changes) => {
        await store.commit(...changes);
        if (changes.some(({ kind }) => NEWS.has(kind))) this.#news.resolve();
      },
    };
  }

  /** Disposing of it breaks off what is under way: it is sent again by whoever comes next. */
  begin(ports: Ports): AsyncDisposable {
    const ending = new AbortController();
    const running = this.#run(ports, ending.signal);
    return {
      [Symbol.asyncDispose]: async () => {
        ending.abort();
        await running;
      },
    };
  }

  async #run(ports: Ports, signal: AbortSignal): Promise<void> {
    const dispatch = dispatchOf(ports);
    while (!signal.aborted) {
      this.#news = Promise.withResolvers();
      try {
        if (await dispatch.turn(signal)) continue;
      } catch (error) {
        ports.log.error('webhooks could not be looked after', error);
      }
      await this.#wait(dispatch, signal);
    }
    await dispatch.allEnded();
  }

  async #wait(dispatch: WebhookDispatch, signal: AbortSignal): Promise<void> {
    const waited = new AbortController();
    const stop = AbortSignal.any([signal, waited.signal]);
    const settled = () => pause(SETTLE_MS, stop);
    await Promise.race([
      this.#news.promise.then(settled),
      ...(dispatch.isIdle ? [] : [dispatch.oneEnded().then(settled)]),
      pause(POLL_MS, stop),
    ]);
    waited.abort();
  }
}
