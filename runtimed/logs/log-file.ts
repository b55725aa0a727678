import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Changes } from '../changes.ts';
import { MaskedOutput, type MaskSource } from '../config/masked-output.ts';
import { openRegular } from '../regular-file.ts';

/** A log that would grow beyond this becomes its own predecessor. */
export const LOG_LIMIT_BYTES = 4 * 1024 * 1024;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** The log from before the last rotation. */
export const predecessorOf = (path: string): string => `${path}.1`;

/**
 * One process's output on disk, without what is secret. The directory is the tenant's: the file may vanish, or be something else. Then output
 * is dropped until the path is free again; the process is never held up, and nothing is written elsewhere.
 */
export class LogFile implements AsyncDisposable {
  readonly path: string;
  /** Told after every write. */
  readonly changes = new Changes();
  readonly #masked: MaskedOutput;
  readonly #limit: number;
  readonly #checkInterval: number;
  #handle: FileHandle | undefined;
  #inode = 0n;
  #size = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #queue: Promise<void> = Promise.resolve();

  /** @param checkInterval how often it is looked whether the file is still the one written to, in milliseconds */
  constructor(path: string, masks: MaskSource, limit = LOG_LIMIT_BYTES, checkInterval = 1000) {
    this.path = path;
    this.#masked = new MaskedOutput(masks);
    this.#limit = limit;
    this.#checkInterval = checkInterval;
  }

  /**
   * Resolves when the bytes are written, or dropped; what may be the beginning of a secret waits for what follows. Writes
   * keep their order. Never rejects.
   */
  write(bytes: Uint8Array): Promise<void> {
    const shown = this.#masked.push(bytes);
    return shown.length === 0 ? this.#queue : this.#put(shown);
  }

  /** Writes what waits: nothing that belongs to it follows. As {@link write}. */
  flush(): Promise<void> {
    const rest = this.#masked.end();
    return rest.length === 0 ? this.#queue : this.#put(rest);
  }

  #put(bytes: Uint8Array): Promise<void> {
    this.#queue = this.#queue.then(() =>
      // A full disk, or something odd at the path: this piece is lost, and the next one tries afresh.
      this.#append(bytes).catch(() => this.#close()),
    );
    return this.#queue;
  }

  /** Says something to people among what the process says itself. As {@link write}. */
  note(text: string): Promise<void> {
    return this.write(Buffer.from(`[sandboxd] ${text}\n`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    await this.#close();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#check();
    if (!this.#handle) await this.#open();
    if (this.#size > 0 && this.#size + bytes.length > this.#limit) await this.#rotate();
    const handle = this.#handle ?? (await this.#open());
    await handle.appendFile(bytes);
    this.#size += bytes.length;
    this.changes.notify();
  }

  /** Lets go of a file that has been deleted, moved away, or replaced. */
  async #check(): Promise<void> {
    if (!this.#handle || performance.now() - this.#checkedAt < this.#checkInterval) return;
    this.#checkedAt = performance.now();
    const there = await lstat(this.path, { bigint: true }).catch(() => undefined);
    if (there?.ino !== this.#inode) await this.#close();
    else this.#size = Number(there.size);
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const handle = await openRegular(this.path, APPEND);
    const { ino, size } = await handle.stat({ bigint: true });
    this.#handle = handle;
    this.#inode = ino;
    this.#size = Number(size);
    this.#checkedAt = performance.now();
    return handle;
  }

  async #rotate(): Promise<void> {
    const full = this.#handle;
    await rename(this.path, predecessorOf(this.path)).then(
      () => this.#close(),
      // A directory in the predecessor's place: the log must not grow for it.
      () => full?.truncate(0),
    );
    this.#size = 0;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // What was written is with the kernel; there is nobody to tell of a failure to close.
    await handle?.close().catch(() => {});
  }
}
