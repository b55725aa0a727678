import { SandboxdError } from '../domain/errors.ts';
import type { ArchiveProgress } from '../domain/workspace.ts';
import { MAX_SIZE_BYTES, MOST } from './limits.ts';
import { type Warning, Warnings } from './warnings.ts';

/** What a capture has come across so far. */
export class Findings {
  #contentBytes = 0;
  #sizeBytes = 0;
  #fileCount = 0;
  #entryCount = 0;
  readonly #warnings = new Warnings();

  note(warning: Warning): void {
    this.#warnings.note(warning);
  }

  /** Counts an entry that is kept. @throws payload_too_large */
  entry(isFile: boolean): void {
    this.#entryCount += 1;
    if (isFile) this.#fileCount += 1;
    if (this.#entryCount > MOST.entryCount) throw tooLarge(`${MOST.entryCount} files and directories`);
  }

  /** Counts what a file is said to hold, with its holes, before they are looked for. @throws payload_too_large */
  size(bytes: number): void {
    this.#sizeBytes += bytes;
    if (this.#sizeBytes > MAX_SIZE_BYTES) {
      throw tooLarge(`${MAX_SIZE_BYTES / 1024 ** 3} GiB of files, the holes of sparse ones included`);
    }
  }

  /** Counts content before it is read. @throws payload_too_large */
  content(bytes: number): void {
    this.#contentBytes += bytes;
    if (this.#contentBytes > MOST.contentBytes) {
      throw tooLarge(`${MOST.contentBytes / 1024 ** 3} GiB of files`);
    }
  }

  get progress(): ArchiveProgress {
    return { files: this.#fileCount, bytes: this.#contentBytes };
  }

  get facts() {
    return {
      contentBytes: this.#contentBytes,
      fileCount: this.#fileCount,
      entryCount: this.#entryCount,
      warnings: this.#warnings.list(),
    };
  }
}

const tooLarge = (what: string) =>
  new SandboxdError(
    'payload_too_large',
    `The workspace holds more than ${what}, which is more than an archive may. Remove what need not be kept, and try again.`,
  );
