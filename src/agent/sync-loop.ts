import { setTimeout as delay } from 'node:timers/promises';
import type { NodePolicy, SandboxOrder, SyncAnswer, SyncRequest } from '../domain/node.ts';
import { KeyedLock } from './keyed-lock.ts';
import type { NodeAgent } from './agent.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';

/** The longest silence between node and API. */
const INTERVAL_MS = 10_000;
/** Changes that come together are told together. */
const SETTLE_MS = 20;

export interface SyncOptions {
  /** Tells the API and brings its answer. @throws node_unavailable and the like when it is out of reach */
  readonly exchange: (request: SyncRequest) => Promise<SyncAnswer>;
  readonly onPolicy: (policy: NodePolicy) => void;
  /** Called with every answer, after its orders were taken up. */
  readonly onOrders: (ordered: ReadonlySet<string>) => Promise<void>;
}

/** Keeps this node and the API in agreement: every ten seconds, and at once after anything changed here. */
export class SyncLoop {
  readonly #agent: NodeAgent;
  readonly #outbox: Outbox;
  readonly #log: AgentPorts['log'];
  readonly #options: SyncOptions;
  readonly #turn = new KeyedLock();
  #changed = Promise.withResolvers<void>();

  constructor(agent: NodeAgent, outbox: Outbox, log: AgentPorts['log'], options: SyncOptions) {
    this.#agent = agent;
    this.#outbox = outbox;
    this.#log = log;
    this.#options = options;
  }

  /** Something happened that the API should hear of. */
  notify(): void {
    this.#changed.resolve();
  }

  /** Runs until the signal aborts. Never throws: what fails is logged and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#changed = Promise.withResolvers();
      try {
        await this.once();
      } catch (error) {
        this.#log.error('the sync with the API failed', error);
      }
      await this.#pause(signal);
    }
  }

  /** One exchange, and everything that follows from it. One at a time: an answer is never overtaken by a newer one. */
  once(): Promise<void> {
    return this.#turn.run('sync', () => this.#exchange());
  }

  async #exchange(): Promise<void> {
    const observations = this.#agent.observeAll();
    const tasks = this.#agent.keeper.unfinished;
    const answer = await this.#options.exchange({ observations, tasks, reports: this.#outbox.pending() });
    await this.#outbox.acknowledge(answer.acknowledged);
    if (this.#outbox.hasMore) this.notify();
    this.#options.onPolicy(answer.policy);
    const ordered = new Set(answer.orders.map((order) => order.id));
    const confirmed = observations.filter(({ id, state }) => state === 'absent' && !ordered.has(id));
    this.#agent.confirmDeleted(confirmed.map(({ id }) => id));
    await Promise.all(answer.orders.map((order) => this.#apply(order)));
    await this.#options.onOrders(ordered);
  }

  async #apply(order: SandboxOrder): Promise<void> {
    try {
      await this.#agent.apply(order);
    } catch (error) {
      this.#log.error('an order could not be carried out', error, { sandboxId: order.id });
    }
    if (order.desired === 'absent') this.notify();
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const cut = new AbortController();
    const stop = AbortSignal.any([signal, cut.signal]);
    const wait = (ms: number) =>
      delay(ms, undefined, { signal: stop }).catch(() => {
        // Aborted: whoever aborted goes on.
      });
    await Promise.race([this.#changed.promise.then(() => wait(SETTLE_MS)), wait(INTERVAL_MS)]);
    cut.abort();
  }
}
