import { snapshotName } from '../../src/adapters/snapshots/names.ts';
import { notFound, type SandboxdError } from '../../src/domain/errors.ts';
import type { KeptSnapshot, SnapshotManifest, SnapshotStore } from '../../src/domain/snapshot-store.ts';

/** Snapshots in memory, which survive as long as the object does. They keep the promises of {@link SnapshotStore}. */
export class MemorySnapshots implements SnapshotStore {
  isShared: boolean;
  /** What the next call fails with, once. */
  failure: SandboxdError | undefined;
  /** Nobody is answered before this resolves. */
  silence: Promise<void> | undefined;
  readonly #kept = new Map<string, { manifest: SnapshotManifest; chunks: readonly Uint8Array[] }>();

  constructor({ isShared = false } = {}) {
    this.isShared = isShared;
  }

  get own(): SnapshotStore | undefined {
    return this.isShared ? undefined : this;
  }

  async open(): Promise<void> {
    this.#mayFail();
  }

  async put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void> {
    if ((await this.find(id)) !== undefined) return;
    await this.silence;
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive) chunks.push(Uint8Array.from(chunk));
    this.#kept.set(snapshotName(id), { manifest: describe(), chunks });
  }

  async get(id: string): Promise<KeptSnapshot> {
    const manifest = await this.find(id);
    if (manifest === undefined) throw notFound('snapshot');
    return { manifest, archive: this.#read(snapshotName(id)) };
  }

  async find(id: string): Promise<SnapshotManifest | undefined> {
    this.#mayFail();
    return this.#kept.get(snapshotName(id))?.manifest;
  }

  async remove(id: string): Promise<void> {
    await this.silence;
    this.#mayFail();
    this.#kept.delete(snapshotName(id));
  }

  async list(): Promise<string[]> {
    this.#mayFail();
    return [...this.#kept.keys()];
  }

  async *#read(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const found = this.#kept.get(name);
    if (found === undefined) throw notFound('snapshot');
    yield* found.chunks;
  }

  #mayFail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
