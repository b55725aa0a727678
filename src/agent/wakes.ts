import { SandboxdError } from '../domain/errors.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { AgentPorts } from './ports.ts';
import type { Records, SandboxRecord } from './records.ts';

export interface WakesParts {
  readonly ports: Pick<AgentPorts, 'clock' | 'log'>;
  readonly records: Pick<Records, 'get'>;
  readonly lifecycle: Lifecycle;
  readonly exclusively: (id: string, task: () => Promise<void>) => Promise<void>;
  /** Callers hold the sandbox's lock. */
  readonly start: (record: SandboxRecord) => Promise<void>;
}

/** Brings sleeping sandboxes up for those who want something of them. */
export class Wakes {
  readonly #parts: WakesParts;
  readonly #waking = new Map<string, Promise<void>>();

  constructor(parts: WakesParts) {
    this.#parts = parts;
  }

  /** For a visitor. Joined: one wake per sandbox at a time. Never throws. */
  forVisitor(id: string): Promise<void> {
    const joined = this.#waking.get(id);
    if (joined !== undefined) return joined;
    const waking = this.now(id)
      .catch((error: unknown) => {
        this.#parts.ports.log.error('a sandbox could not be woken', error, { sandboxId: id });
        this.#parts.lifecycle.publish(id, failureOf(error));
      })
      .finally(() => this.#waking.delete(id));
    this.#waking.set(id, waking);
    return waking;
  }

  /** @throws what keeps it from being started; a failure to come up shows in its record */
  now(id: string): Promise<void> {
    const since = this.#parts.ports.clock();
    return this.#parts.exclusively(id, () => this.#wake(id, since));
  }

  async #wake(id: string, since: number): Promise<void> {
    const { records, lifecycle, start } = this.#parts;
    const record = records.get(id);
    if (record === undefined || record.order.desired === 'absent') return;
    // Up already: whoever asked hears again how it is.
    if (lifecycle.live.has(id)) return lifecycle.publish(id);
    lifecycle.waits.begin(id, 'wake', since);
    try {
      await start(record);
    } catch (error) {
      lifecycle.waits.fail(id);
      throw error;
    }
  }
}

const failureOf = (error: unknown): string =>
  error instanceof SandboxdError ? error.message : 'The sandbox could not be started.';
