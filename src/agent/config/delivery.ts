import { isCode } from '../../domain/errors.ts';
import { isReadable, type SandboxConfig, secretsOf } from '../../domain/sandbox-config.ts';
import type { RuntimeConfig } from '../../domain/runtimed.ts';
import { KeyedLock } from '../keyed-lock.ts';
import type { LiveSandbox } from '../live.ts';
import type { AgentPorts } from '../ports.ts';
import type { ConfigKeeper } from './keeper.ts';

/** Between two attempts that only statuses ask for: a sandbox says what it likes, as often as it likes. */
const RETRY_MS = 1000;

/** What became of the configuration in one run of a sandbox. */
interface Delivery {
  /** The revision that this run was last given. */
  revision?: number;
  /** It is too old to know of configurations, and has the one it was started with: none. */
  isDeaf?: boolean;
  /** The attempt a status has asked for. */
  underWay?: Promise<void>;
  triedAt?: number;
}

/** Brings what runs to the configuration that its node has: at once when somebody asks for it, else by what it says it has. */
export class ConfigDelivery {
  readonly #ports: Pick<AgentPorts, 'clock' | 'log'>;
  readonly #keeper: ConfigKeeper;
  readonly #lock = new KeyedLock();
  readonly #deliveries = new WeakMap<LiveSandbox, Delivery>();

  constructor(ports: Pick<AgentPorts, 'clock' | 'log'>, keeper: ConfigKeeper) {
    this.#ports = ports;
    this.#keeper = keeper;
  }

  /** Returns once what is started in this run has the newest there is. @throws sandbox_unavailable */
  deliver(id: string, live: LiveSandbox): Promise<void> {
    return this.#lock.run(id, async () => {
      const config = await this.#keeper.of(id);
      const { revision, isDeaf } = this.#of(live);
      if (config === undefined || !isReadable(config) || isDeaf === true) return;
      const has = revision ?? live.status?.config_revision;
      if (has !== config.revision) await this.#push(id, live, config);
    });
  }

  /** The same for one that answers by now; what fails, its next status tries again. */
  async offer(id: string, live: LiveSandbox): Promise<void> {
    if (live.status === undefined) return;
    await this.deliver(id, live).catch((error: unknown) => this.#failed(id, error));
  }

  /** Hears what a run says of itself. What fails here, the next status tries again. */
  notice(id: string, live: LiveSandbox): void {
    const delivery = this.#of(live);
    const wanted = this.#keeper.revisionOf(id);
    const isCurrent = wanted === undefined || live.status?.config_revision === wanted;
    if (isCurrent || delivery.isDeaf === true || delivery.underWay !== undefined) return;
    const now = this.#ports.clock();
    const isTold = delivery.revision === wanted;
    if (isTold && now - (delivery.triedAt ?? 0) < RETRY_MS) return;
    delivery.triedAt = now;
    // It was told, and says that it does not know: somebody in there has forgotten.
    if (isTold) delivery.revision = undefined;
    delivery.underWay = this.offer(id, live).finally(() => {
      delivery.underWay = undefined;
    });
  }

  async #push(id: string, live: LiveSandbox, config: SandboxConfig): Promise<void> {
    const delivery = this.#of(live);
    try {
      await live.runtime.configure(runtimeConfigOf(config));
      delivery.revision = config.revision;
    } catch (error) {
      if (!isCode(error, 'not_found')) throw error;
      delivery.isDeaf = true;
      this.#ports.log.warn(
        'a sandbox was started by an older version and knows nothing of configuration: it has none until it is stopped and started',
        { sandboxId: id },
      );
    }
  }

  #failed(id: string, error: unknown): void {
    this.#ports.log.warn('a sandbox could not be given its configuration yet', {
      sandboxId: id,
      reason: error instanceof Error ? error.message : 'unknown reason',
    });
  }

  #of(live: LiveSandbox): Delivery {
    const known = this.#deliveries.get(live);
    if (known !== undefined) return known;
    const delivery: Delivery = {};
    this.#deliveries.set(live, delivery);
    return delivery;
  }
}

/** What a sandbox is told of it: agents' values come with their tasks, and are secret before. */
const runtimeConfigOf = (config: SandboxConfig): RuntimeConfig => ({
  revision: config.revision,
  env: isReadable(config) ? config.runtime : {},
  secrets: secretsOf(config),
});
