import { join } from 'node:path';
import { RESERVED_DIRECTORY } from '../../src/domain/paths.ts';
import type { MaskSource } from '../config/masked-output.ts';
import { LogFile } from './log-file.ts';

/** The logs of this sandbox's processes, by name. */
export class LogStore implements AsyncDisposable {
  readonly #directory: string;
  readonly #masks: MaskSource;
  readonly #files = new Map<string, LogFile>();

  constructor(home: string, masks: MaskSource) {
    this.#masks = masks;
    this.#directory = join(home, RESERVED_DIRECTORY);
  }

  /** @param name of a process, as a manifest allows it */
  of(name: string): LogFile {
    const known = this.#files.get(name);
    if (known) return known;
    const file = new LogFile(join(this.#directory, `${name}.log`), this.#masks);
    this.#files.set(name, file);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file[Symbol.asyncDispose]()));
  }
}
