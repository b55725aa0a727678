import { setTimeout as delay } from 'node:timers/promises';
import type { NodePolicy, SandboxOrder, SyncAnswer, SyncRequest } from '../domain/node.ts';
import { inTime } from '../domain/pause.ts';
import type { SandboxConfig } from '../domain/sandbox-config.ts';
import { KeyedLock } from './keyed-lock.ts';
import type { NodeAgent } from './agent.ts';
import type { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';

/** The longest silence between node and API. */
const INTERVAL_MS = 10_000;
/** How long an exchange waits for what it ordered: a restore must not silence the node. */
const ORDERS_MS = 2000;
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
  /** Orders that are being carried out, by their sandboxes. */
  readonly #underWay = new Map<string, Promise<void>>();
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
    await Promise.all(this.#underWay.values());
  }

  /** One exchange, and everything that follows from it. One at a time: an answer is never overtaken by a newer one. */
  once(): Promise<void> {
    return this.#turn.run('sync', () => this.#exchange());
  }

  async #exchange(): Promise<void> {
    const { keeper, snapshots } = this.#agent;
    const observations = this.#agent.observeAll();
    const { untold } = this.#agent;
    const { discarded } = snapshots;
    const answer = await this.#options.exchange({
      observations,
      tasks: keeper.unfinished,
      reports: this.#outbox.pending(),
      discarded,
    });
    await this.#outbox.acknowledge(answer.acknowledged);
    const configs = new Map(answer.configs.map(({ sandboxId, config }) => [sandboxId, config]));
    await Promise.all([...configs].map(([id, config]) => this.#configure(id, config)));
    await this.#agent.settleUntold(untold.filter((id) => !configs.has(id)));
    snapshots.confirmDiscarded(discarded);
    if (this.#outbox.hasMore) this.notify();
    this.#options.onPolicy(answer.policy);
    const ordered = new Set(answer.orders.map((order) => order.id));
    const confirmed = observations.filter(({ id, state }) => state === 'absent' && !ordered.has(id));
    this.#agent.confirmDeleted(confirmed.map(({ id }) => id));
    await snapshots.begin(answer.captures);
    snapshots.discardOrdered(answer.discards);
    await this.#carryOut(answer.orders, configs);
    await this.#options.onOrders(ordered);
  }

  /** What takes longer goes on by itself; what comes for the same sandbox meanwhile is ordered again after that. */
  async #carryOut(
    orders: readonly SandboxOrder[],
    configs: ReadonlyMap<string, SandboxConfig>,
  ): Promise<void> {
    const news = orders.filter((order) => this.#agent.isNews(order) && !this.#underWay.has(order.id));
    let isLate = false;
    const work = news.map((order) => {
      // One that is new here had no place for its configuration before.
      const done = this.#apply(order, configs.get(order.id)).finally(() => {
        this.#underWay.delete(order.id);
        if (isLate) this.notify();
      });
      this.#underWay.set(order.id, done);
      return done;
    });
    await inTime(Promise.all(work), ORDERS_MS);
    isLate = true;
  }

  async #configure(id: string, config: SandboxConfig): Promise<void> {
    try {
      await this.#agent.configure(id, config);
    } catch (error) {
      this.#log.error('a configuration could not be taken over', error, { sandboxId: id });
    }
  }

  async #apply(order: SandboxOrder, config: SandboxConfig | undefined): Promise<void> {
    try {
      await this.#agent.apply(order, config);
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
