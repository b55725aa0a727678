import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { APP_DIRECTORY, RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import { isAbsent, readRegular } from '../regular-file.ts';
import type { Seed } from './seed-plan.ts';
import { isVacant } from './vacancy.ts';

/** What the first boot decided to do, by what it found. */
export interface SeedDecision {
  /** Copy the image's home skeleton. */
  readonly skeleton: boolean;
  /** Copy this template into the app directory. */
  readonly template?: string;
}

const decision = v.object({ skeleton: v.boolean(), template: v.exactOptional(v.string()) });
const record = v.variant('state', [
  v.object({ state: v.literal('seeding'), decision }),
  v.object({ state: v.literal('seeded') }),
]);
const MAX_RECORD_BYTES = 4096;

/**
 * The memory of the first boot, in the home. It is decided once what is to be seeded; a boot that was killed midway is
 * resumed by the next one with the same decision, although what it has copied by then looks like content.
 */
export class FirstBoot {
  readonly #home: string;
  readonly #path: string;

  constructor(home: string) {
    this.#home = home;
    this.#path = join(home, RESERVED_DIRECTORY, 'boot.json');
  }

  /** What is still to be seeded; undefined once that is done. A record nobody can read counts as done. */
  async pending(seed: Seed): Promise<SeedDecision | undefined> {
    const text = await this.#read();
    if (text !== undefined) {
      const known = v.safeParse(v.pipe(v.string(), v.parseJson(), record), text);
      return known.success && known.output.state === 'seeding' ? known.output.decision : undefined;
    }
    const decision = await this.#decide(seed);
    await this.#write({ state: 'seeding', decision });
    return decision;
  }

  /** @throws the system's error when it cannot be recorded: the next boot then seeds again, overwriting nothing */
  complete(): Promise<void> {
    return this.#write({ state: 'seeded' });
  }

  async #decide({ template }: Seed): Promise<SeedDecision> {
    const isAppVacant = await isVacant(join(this.#home, APP_DIRECTORY));
    return {
      skeleton: await isVacant(this.#home),
      ...(template !== undefined && isAppVacant && { template }),
    };
  }

  async #read(): Promise<string | undefined> {
    try {
      const { bytes } = await readRegular(this.#path, MAX_RECORD_BYTES);
      return bytes.toString('utf8');
    } catch (error) {
      if (isAbsent(error)) return undefined;
      return '';
    }
  }

  async #write(value: v.InferOutput<typeof record>): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const unfinished = `${this.#path}.new`;
    await writeFile(unfinished, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    await rename(unfinished, this.#path);
  }
}
