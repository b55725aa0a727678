import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notFound, SandboxdError } from '../../domain/errors.ts';
import type { KeptSnapshot, SnapshotManifest, SnapshotStore } from '../../domain/snapshot-store.ts';
import { errnoOf, isDiskFull } from '../../host/errno.ts';
import { syncDirectory } from '../../host/sync-directory.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { ARCHIVE, isSnapshotName, MANIFEST, snapshotName } from './names.ts';

const OWNER_ONLY = 0o700;
const CHUNK_BYTES = 256 * 1024;

/** On the disk of this node: a directory for each snapshot, which is named by its id once everything in it is on disk. */
export class LocalSnapshots implements SnapshotStore {
  readonly isShared = false;
  readonly own = this;
  readonly #root: string;
  readonly #unfinished: string;

  /** @param directory for this store alone; on the file system of the node's data */
  constructor(directory: string) {
    this.#root = directory;
    this.#unfinished = join(directory, '.unfinished');
  }

  async open(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: OWNER_ONLY });
    await chmod(this.#root, OWNER_ONLY);
    await rm(this.#unfinished, { recursive: true, force: true });
    await mkdir(this.#unfinished, { mode: OWNER_ONLY });
  }

  async put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void> {
    if ((await this.find(id)) !== undefined) return;
    const draft = this.#aside();
    try {
      await this.#make(draft);
      await writeFile(join(draft, ARCHIVE), archive, { flag: 'wx', mode: 0o600, flush: true });
      await writeFile(join(draft, MANIFEST), writeManifest(describe()), { mode: 0o600, flush: true });
      await syncDirectory(draft);
      // Only one that is damaged can be in the way.
      await this.remove(id);
      await rename(draft, this.#place(id));
      await syncDirectory(this.#root);
    } catch (error) {
      throw isDiskFull(error) ? diskFull(error) : error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async get(id: string): Promise<KeptSnapshot> {
    const manifest = await this.find(id);
    if (manifest === undefined) throw notFound('snapshot');
    return { manifest, archive: read(join(this.#place(id), ARCHIVE)) };
  }

  async find(id: string): Promise<SnapshotManifest | undefined> {
    try {
      return readManifest(snapshotName(id), await readFile(join(this.#place(id), MANIFEST), 'utf8'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Out of the list first, so that one in it is always whole. */
  async remove(id: string): Promise<void> {
    const aside = this.#aside();
    await this.#make(this.#unfinished);
    try {
      await rename(this.#place(id), aside);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    await syncDirectory(this.#root);
    await rm(aside, { recursive: true, force: true });
  }

  async list(): Promise<string[]> {
    return (await readdir(this.#root)).filter(isSnapshotName);
  }

  /** With the directory that it is in, which opening may not have been able to make. */
  async #make(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: OWNER_ONLY });
  }

  #place(id: string): string {
    return join(this.#root, snapshotName(id));
  }

  #aside(): string {
    return join(this.#unfinished, randomUUID());
  }
}

/** The open file stays readable to its end when its name goes. */
async function* read(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await openArchive(path);
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openArchive(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? notFound('snapshot') : error;
  }
}

const diskFull = (cause: unknown) =>
  new SandboxdError(
    'unavailable',
    'The disk of the node is full: there is no space for the snapshot. Delete snapshots or apps, or give the node more disk.',
    { cause },
  );
