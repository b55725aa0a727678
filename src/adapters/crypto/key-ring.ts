import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KeyRing } from '../../domain/rotation.ts';
import { TEMPORARY, writeDurably } from '../../host/durable.ts';
import { loadOrCreateSecret } from './key-pair.ts';
import { type SecretBox, secretBox, type SecretKeys } from './secret-box.ts';

const newKey = (): string => randomBytes(32).toString('base64');

/**
 * The keys of secrets in a file of this installation: one a line, the current one first. There is one process at a time
 * that uses it.
 */
export class FileKeyRing implements KeyRing {
  readonly makesKeys = true;
  readonly box: SecretBox;
  readonly #path: string;
  readonly #named: readonly string[];
  #keys: SecretKeys;

  private constructor(path: string, keys: SecretKeys, named: readonly string[]) {
    this.#path = path;
    this.#keys = keys;
    this.#named = named;
    this.box = secretBox(this.#all(keys));
  }

  /**
   * Reads the file, or makes it with a first key.
   * @param named earlier keys that the configuration names
   * @throws TypeError when what it holds is no list of keys
   */
  static async open(path: string, named: readonly string[]): Promise<FileKeyRing> {
    const text = await loadOrCreateSecret(path, async () => newKey());
    await clearUnfinished(path);
    const [current = '', ...previous] = text.split('\n').map((line) => line.trim());
    const keys = { current, previous: previous.filter((key) => key !== '') };
    try {
      return new FileKeyRing(path, keys, named);
    } catch (cause) {
      throw new TypeError(
        `${path} does not hold keys of secrets: one a line, 32 bytes each, in base64. Put back the file as it was, from a backup.`,
        { cause },
      );
    }
  }

  get named(): number {
    return this.#named.length;
  }

  currentId(): Promise<string> {
    return this.box.currentId();
  }

  async renew(): Promise<void> {
    const { current, previous } = this.#keys;
    await this.#take({ current: newKey(), previous: [current, ...previous] });
  }

  async forgetPrevious(): Promise<void> {
    await this.#take({ current: this.#keys.current, previous: [] });
  }

  async #take(keys: SecretKeys): Promise<void> {
    await writeDurably(this.#path, [keys.current, ...keys.previous].join('\n'));
    this.#keys = keys;
    this.box.use(this.#all(keys));
  }

  #all({ current, previous }: SecretKeys): SecretKeys {
    return { current, previous: [...previous, ...this.#named] };
  }
}

/** What a crash left behind holds keys that may be meant to be forgotten. */
async function clearUnfinished(path: string): Promise<void> {
  const directory = dirname(path);
  const isUnfinished = (name: string) => name.startsWith(`${basename(path)}.`) && name.endsWith(TEMPORARY);
  const names = (await readdir(directory)).filter(isUnfinished);
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

/** The keys that an operator gives; they change when the server starts with others. */
export class ConfiguredKeyRing implements KeyRing {
  readonly makesKeys = false;
  readonly box: SecretBox;
  readonly named: number;

  constructor(keys: SecretKeys) {
    this.box = secretBox(keys);
    this.named = keys.previous.length;
  }

  currentId(): Promise<string> {
    return this.box.currentId();
  }

  async renew(): Promise<void> {
    // The operator has done it, by starting this server with another key.
  }

  async forgetPrevious(): Promise<void> {
    // The operator does it, by taking them out of the configuration.
  }
}
