import { withEarlier } from '../../domain/earlier-secrets.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { type Mask, maskOf } from '../../domain/mask.ts';
import {
  isReadable,
  type ReadableConfig,
  type SandboxConfig,
  secretsOf,
} from '../../domain/sandbox-config.ts';
import { KeyedLock } from '../keyed-lock.ts';
import type { AgentPorts } from '../ports.ts';
import type { Records } from '../records.ts';
import { type ConfigRecord, isUntold } from './record.ts';

const NO_MASK = maskOf([]);

/** A configuration in memory. */
interface Opened {
  readonly config: SandboxConfig;
  /** What is secret, and what was before, as far as this run of the node knows. */
  readonly secrets: readonly string[];
  readonly mask: Mask;
}

/**
 * What the apps of this node's sandboxes are configured with: sealed on disk, so that a sandbox wakes without the API, and
 * in the clear in memory alone, from when it is first needed.
 */
export class ConfigKeeper {
  readonly #ports: Pick<AgentPorts, 'seal' | 'log' | 'redactor'>;
  readonly #records: Records<ConfigRecord>;
  readonly #opened = new Map<string, Opened>();
  /** Those whose records this node cannot open. */
  readonly #lost = new Set<string>();
  readonly #lock = new KeyedLock();

  constructor(ports: Pick<AgentPorts, 'seal' | 'log' | 'redactor'>, records: Records<ConfigRecord>) {
    this.#ports = ports;
    this.#records = records;
  }

  /** The revision of what can be used; undefined for none, and for one that has to be told again. */
  revisionOf(id: string): number | undefined {
    const record = this.#records.get(id);
    if (record === undefined || isUntold(record)) return undefined;
    return this.#lost.has(id) || record.unreadable === true ? undefined : record.revision;
  }

  /** Those of which this node has not heard yet whether there is anything for them. */
  get untold(): string[] {
    return this.#records
      .all()
      .filter(isUntold)
      .map(({ id }) => id);
  }

  /** The server has answered, and has nothing for it. */
  async settle(id: string): Promise<void> {
    await this.#lock.run(id, async () => {
      const record = this.#records.get(id);
      // Told meanwhile, it stays.
      if (record !== undefined && isUntold(record)) await this.#records.remove(id);
    });
  }

  /**
   * On disk when it returns. An older one changes nothing. One that is not newer takes the place of one that cannot be
   * read: keys come back.
   * @returns whether it is another one than before
   */
  takeOver(id: string, config: SandboxConfig): Promise<boolean> {
    return this.#lock.run(id, async () => {
      if (!(await this.#isNews(id, config))) return false;
      const sealed = await this.#ports.seal.close(JSON.stringify(config));
      await this.#records.save({ id, revision: config.revision, unreadable: !isReadable(config), sealed });
      this.#lost.delete(id);
      this.#remember(id, config);
      return true;
    });
  }

  /** What there is, whether its values can be read or not. @throws unavailable when this node cannot open it */
  async of(id: string): Promise<SandboxConfig | undefined> {
    return (await this.#open(id))?.config;
  }

  /** What programs are started with. @throws unavailable when a value cannot be read: nothing is started without it */
  async readable(id: string): Promise<ReadableConfig | undefined> {
    const config = await this.of(id);
    if (config === undefined || isReadable(config)) return config;
    throw unreadable(config.unreadable);
  }

  /** For output of a sandbox. What cannot be opened masks nothing; it cannot have been handed out by this run either. */
  async mask(id: string): Promise<Mask> {
    try {
      await this.#open(id);
    } catch (error) {
      this.#ports.log.error('what is secret in a sandbox is not known', error, { sandboxId: id });
    }
    return this.maskNow(id);
  }

  /** The same, of what is in memory: that of every sandbox that runs is. */
  maskNow(id: string): Mask {
    return this.#opened.get(id)?.mask ?? NO_MASK;
  }

  /** What was kept for sandboxes that are gone: they were deleted while it came. */
  async forgetOthers(ids: ReadonlySet<string>): Promise<void> {
    for (const { id } of this.#records.all()) if (!ids.has(id)) await this.forget(id);
  }

  /** Nothing of one that rests is kept in memory; it is opened again when it is needed. */
  close(id: string): void {
    this.#opened.delete(id);
  }

  async forget(id: string): Promise<void> {
    await this.#lock.run(id, async () => {
      if (this.#records.get(id) !== undefined) await this.#records.remove(id);
      this.#opened.delete(id);
      this.#lost.delete(id);
    });
  }

  async #isNews(id: string, { revision, ...config }: SandboxConfig): Promise<boolean> {
    const known = this.#records.get(id);
    if (known === undefined || revision > known.revision) return true;
    if (revision < known.revision || 'unreadable' in config) return false;
    const held = await this.of(id).catch((error: unknown) => {
      // Not news to who asks for it; here it only means that another one is welcome.
      if (!(error instanceof SandboxdError)) throw error;
    });
    return held === undefined || !isReadable(held);
  }

  async #open(id: string): Promise<Opened | undefined> {
    const record = this.#records.get(id);
    const opened = this.#opened.get(id);
    if (record === undefined || opened?.config.revision === record.revision) return opened;
    if (isUntold(record)) throw untold();
    try {
      return this.#remember(id, JSON.parse(await this.#ports.seal.open(record.sealed)) as SandboxConfig);
    } catch (cause) {
      this.#lost.add(id);
      throw new SandboxdError(
        'unavailable',
        "The app's configuration as this node keeps it cannot be read, so nothing is started without it. The server sends it again within seconds.",
        { cause },
      );
    }
  }

  #remember(id: string, config: SandboxConfig): Opened {
    const now = secretsOf(config);
    for (const secret of now) this.#ports.redactor.learn(secret);
    const secrets = withEarlier(now, this.#opened.get(id)?.secrets ?? []);
    const opened = { config, secrets, mask: maskOf(secrets) };
    this.#opened.set(id, opened);
    return opened;
  }
}

const untold = () =>
  new SandboxdError(
    'unavailable',
    "The app's configuration has not been told to this node since it was restored, so nothing is started without it. The server does so within seconds: try again then.",
  );

const unreadable = (key: string) =>
  new SandboxdError(
    'unavailable',
    `The value of the app's configuration ${key} cannot be read, so nothing is started without it. Set it anew.`,
  );
