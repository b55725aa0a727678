import { setInterval } from 'node:timers/promises';
import type { Clock } from '../domain/ids.ts';
import type { NodePolicy } from '../domain/node.ts';
import type { NodeAgent } from './agent.ts';
import type { Records, SandboxRecord } from './records.ts';

/** How often idle sandboxes are looked for: far finer than the shortest threshold, a minute. */
const INTERVAL_MS = 5000;

/** Puts sandboxes to sleep that nobody has used for as long as the policy says. */
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
    try {
      for await (const _ of setInterval(INTERVAL_MS, undefined, { signal })) await this.once().catch(onError);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async once(): Promise<void> {
    const idle = this.#records.all().filter((record) => this.#isIdle(record));
    await Promise.all(idle.map(({ id }) => this.#agent.sleep(id, 'idle', (record) => this.#isIdle(record))));
  }

  #isIdle(record: SandboxRecord): boolean {
    const { activity } = this.#agent;
    const { idlePolicy, keepaliveUntil = 0 } = record.order;
    if (!this.policy.idleEnabled || record.state !== 'running' || idlePolicy === 'always_on') return false;
    const now = this.#clock();
    if (keepaliveUntil > now || activity.reasons(record.id).length > 0) return false;
    const last = Math.max(record.lastActiveAt, activity.lastRequestAt(record.id));
    return now - last >= this.policy.idleSeconds * 1000;
  }
}
