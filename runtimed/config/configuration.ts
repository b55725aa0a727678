import { withEarlier } from '../../src/domain/earlier-secrets.ts';
import { type Mask, maskOf } from '../../src/domain/mask.ts';
import type { RuntimeConfig } from '../../src/domain/runtimed.ts';
import { type Environment, programEnvironment } from '../processes/environment.ts';
import type { MaskSource } from './masked-output.ts';

/**
 * What the app is configured with: in memory alone. What starts from now on has the newest values; output is masked also for
 * those before, which programs that run have.
 */
export class Configuration implements MaskSource {
  readonly #container: Readonly<Record<string, string | undefined>>;
  readonly #home: string;
  readonly #received = Promise.withResolvers<void>();
  #secrets: readonly string[] = [];
  #mask: Mask = maskOf([]);
  #revision: number | undefined;
  #environment: Environment;

  /** @param container the container's environment: what is configured wins over it */
  constructor(container: Readonly<Record<string, string | undefined>>, home: string) {
    this.#container = container;
    this.#home = home;
    this.#environment = programEnvironment(container, home);
    if (!this.isAwaited) this.#received.resolve();
  }

  /** Whether nothing of the app is started before the first one has come. */
  get isAwaited(): boolean {
    return this.#container['SANDBOXD_CONFIG'] === 'awaited';
  }

  /** Resolves with the first one; at once where none is awaited. */
  get received(): Promise<void> {
    return this.#received.promise;
  }

  get revision(): number | undefined {
    return this.#revision;
  }

  /** For the app's own programs: its processes, installs, and builds. */
  get environment(): Environment {
    return this.#environment;
  }

  /** Another one whenever something else has become secret. */
  get mask(): Mask {
    return this.#mask;
  }

  /** @returns whether it is another one than before: an older one changes nothing */
  take({ revision, env, secrets }: RuntimeConfig): boolean {
    if (this.#revision !== undefined && revision <= this.#revision) return false;
    this.#revision = revision;
    this.#environment = programEnvironment(this.#container, this.#home, env);
    const known = new Set(this.#secrets);
    this.#secrets = withEarlier(secrets, this.#secrets);
    if (secrets.some((secret) => !known.has(secret))) this.#mask = maskOf(this.#secrets);
    this.#received.resolve();
    return true;
  }
}
