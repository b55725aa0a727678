import { isCode } from '../domain/errors.ts';
import type { SandboxOrder } from '../domain/node.ts';
import type { SandboxConfig } from '../domain/sandbox-config.ts';
import type { Activity } from './activity.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import type { Graves } from './graves.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { AgentPorts } from './ports.ts';
import type { Records, SandboxRecord } from './records.ts';
import type { Replacements } from './replacement.ts';

export interface OrderParts {
  readonly ports: Pick<AgentPorts, 'clock'>;
  readonly records: Records;
  readonly graves: Graves;
  readonly lifecycle: Lifecycle;
  readonly replacements: Replacements;
  readonly activity: Activity;
  readonly configs: ConfigKeeper;
  readonly configure: (id: string, config: SandboxConfig) => Promise<void>;
}

/** What the API wants of sandboxes: each generation is carried out once. Callers hold the sandbox's lock. */
export class Orders {
  readonly #parts: OrderParts;

  constructor(parts: OrderParts) {
    this.#parts = parts;
  }

  /** Whether an order asks for anything that is not so. */
  isNews({ id, desired, revision, generation }: SandboxOrder): boolean {
    const known = this.#parts.records.get(id);
    if (known === undefined || desired === 'absent') return true;
    return revision > known.order.revision || generation > known.applied;
  }

  /** @param config taken over before anything is started */
  async carryOut(order: SandboxOrder, config: SandboxConfig | undefined): Promise<void> {
    const known = this.#parts.records.get(order.id);
    if (order.desired === 'absent') return this.#delete(order, known);
    if (known === undefined && this.#parts.graves.generationOf(order.id) !== undefined) return;
    // Before the sandbox is known here: a visitor would start one that a crash has left without it.
    if (config !== undefined) await this.#configure(order.id, config, known);
    const record = await this.#takeOver(order, known);
    const newest = record.order;
    if (newest.generation <= record.applied) return;
    // An order that was overtaken says when to act, and the newest one what to do.
    if (newest.desired === 'absent') await this.#delete(newest, record);
    else if (newest.desired === 'running') await this.#bringUp(record, known === undefined);
    else await this.#bringDown(record);
  }

  async #configure(id: string, config: SandboxConfig, known: SandboxRecord | undefined): Promise<void> {
    if (known === undefined) await this.#parts.configs.takeOver(id, config);
    else await this.#parts.configure(id, config);
  }

  async #takeOver(order: SandboxOrder, known: SandboxRecord | undefined): Promise<SandboxRecord> {
    const { records, ports, lifecycle } = this.#parts;
    if (known === undefined) {
      const lastActiveAt = ports.clock();
      return records.save({ id: order.id, order, applied: 0, state: 'new', lastActiveAt });
    }
    if (order.revision <= known.order.revision) return known;
    const record = await records.save({ ...known, order });
    lifecycle.publish(order.id);
    return record;
  }

  async #bringUp(record: SandboxRecord, fresh: boolean): Promise<void> {
    const { ports, records, lifecycle, replacements, configs } = this.#parts;
    const { generation } = record.order;
    if (lifecycle.live.has(record.id) && record.operation === undefined) {
      await records.save({ ...record, applied: generation });
      return;
    }
    const cause = record.state === 'new' ? 'create' : 'order';
    if (cause === 'create') lifecycle.waits.begin(record.id, cause, ports.clock());
    try {
      await replacements.start(record, cause, generation);
    } catch (error) {
      lifecycle.waits.fail(record.id);
      // Refused before anything was done: a create leaves no trace, a start leaves what was there.
      if (isCode(error, 'sandbox_capacity') && fresh) {
        await records.remove(record.id);
        await configs.forget(record.id);
      }
      throw error;
    }
  }

  async #bringDown(record: SandboxRecord): Promise<void> {
    const { records, lifecycle } = this.#parts;
    const { generation } = record.order;
    const isDown = record.state === 'stopped' && record.operation === undefined;
    if (isDown) await records.save({ ...record, applied: generation });
    else await lifecycle.stop(record, 'user', generation);
  }

  async #delete(order: SandboxOrder, known: SandboxRecord | undefined): Promise<void> {
    const { lifecycle, graves, activity } = this.#parts;
    const record = known ?? { id: order.id, order, applied: 0, state: 'new', lastActiveAt: 0 };
    if (known !== undefined || graves.generationOf(order.id) === undefined) {
      await lifecycle.destroy({ ...record, order });
      activity.forget(order.id);
    }
    graves.add(order.id, order.generation);
  }
}
