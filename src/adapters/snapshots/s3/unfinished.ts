import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../../host/sync-directory.ts';
import { isSnapshotName } from '../names.ts';

/**
 * What this node has begun to keep and not finished, on its own disk: a store tells nobody whose an unfinished upload is, and other
 * nodes keep theirs in the same bucket. A file for each snapshot, which holds the id of the upload once there is one.
 */
export class Unfinished {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** On disk when it resolves. */
  async note(name: string, uploadId = ''): Promise<void> {
    await writeFile(join(this.#directory, name), uploadId, { mode: 0o600, flush: true });
    await syncDirectory(this.#directory);
  }

  /** Of one that is noted; undefined before its upload has begun. */
  async uploadOf(name: string): Promise<string | undefined> {
    return (await readFile(join(this.#directory, name), 'utf8')) || undefined;
  }

  async forget(name: string): Promise<void> {
    await rm(join(this.#directory, name), { force: true });
    await syncDirectory(this.#directory);
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#directory)).filter(isSnapshotName);
  }
}
