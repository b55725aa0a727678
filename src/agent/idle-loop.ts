import { setInterval } from 'node:timers/promises';
import type { Clock } from '../domain/ids.ts';
import type { NodePolicy } from '../domain/node.ts';
import type { NodeAgent } from './agent.ts';
import { orderedAwake } from './awake.ts';
import { isReplaced, type Records, type SandboxRecord } from './records.ts';

/** How often idle sandboxes are looked for: far finer than the shortest threshold, a minute. */
const INTERVAL_MS = 5000;

/** The least time between two starts of a sandbox that is kept up: one that ends at once must not keep the node busy. */
const RESTART_MS = 30_000;

/** Puts sandboxes to sleep that nobody has used for as long as the policy says, and keeps those up that never sleep. */
export class IdleLoop {
  policy: NodePolicy;
  readonly #agent: NodeAgent;
  readonly #records: Records;
  readonly #clock: Clock;

  constructor(agent: NodeAgent, records: Records, clock: Clock, policy: NodePolicy) {
    this.#agent = agent;
    this.#records = records;
    this.#clock = clock;
    this.policy = policy;
  }

  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    await this.once().catch(onError);
    try {
      for await (const _ of setInterval(INTERVAL_MS, undefined, { signal })) await this.once().catch(onError);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async once(): Promise<void> {
    const idle = this.#records.all().filter((record) => this.#isIdle(record));
    const down = this.#records.all().filter((record) => this.#isMissed(record));
    await Promise.all([
      ...idle.map(({ id }) => this.#agent.sleep(id, 'idle', (record) => this.#isIdle(record))),
      ...down.map(({ id }) => this.#agent.rouse(id, (record) => this.#isMissed(record))),
    ]);
  }

  /** Kept up, wanted, and down: its node was, or it ended by itself. */
  #isMissed(record: SandboxRecord): boolean {
    const { id, order, state, applied, operation, lastActiveAt } = record;
    if (!isKeptUp(record) || order.desired !== 'running' || state !== 'stopped') return false;
    if (isReplaced(this.#records, id)) return false;
    return (
      applied >= order.generation && operation === undefined && this.#clock() - lastActiveAt >= RESTART_MS
    );
  }

  #isIdle(record: SandboxRecord): boolean {
    const { activity } = this.#agent;
    if (!this.policy.idleEnabled || record.state !== 'running' || isKeptUp(record)) return false;
    const now = this.#clock();
    if (orderedAwake(record.order, now).length > 0 || activity.reasons(record.id).length > 0) return false;
    const last = Math.max(record.lastActiveAt, activity.lastRequestAt(record.id));
    return now - last >= this.policy.idleSeconds * 1000;
  }
}

/** What takes another one's place is up until the API has seen it: from then on it is what its visitors ask for. */
const isKeptUp = ({ order }: SandboxRecord): boolean =>
  order.idlePolicy === 'always_on' || order.replaces !== undefined;
