import { notFound } from '../../src/domain/errors.ts';
import type { KeptSnapshot, SnapshotManifest, SnapshotStore } from '../../src/domain/snapshot-store.ts';

/** Archives in memory: there as a whole or not at all. */
export class MemorySnapshots implements SnapshotStore {
  readonly isShared: boolean;
  /** What the next call that touches an archive fails with. */
  failure: Error | undefined;
  readonly #kept = new Map<string, { manifest: SnapshotManifest; bytes: Uint8Array }>();

  constructor({ isShared = false } = {}) {
    this.isShared = isShared;
  }

  async open(): Promise<void> {}

  async put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void> {
    if (this.#kept.has(id)) return;
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive) {
      this.#failIfTold();
      chunks.push(chunk);
    }
    this.#kept.set(id, { manifest: describe(), bytes: Buffer.concat(chunks) });
  }

  async get(id: string): Promise<KeptSnapshot> {
    this.#failIfTold();
    const kept = this.#kept.get(id);
    if (kept === undefined) throw notFound('snapshot');
    return { manifest: kept.manifest, archive: chunksOf(kept.bytes) };
  }

  async find(id: string): Promise<SnapshotManifest | undefined> {
    return this.#kept.get(id)?.manifest;
  }

  async remove(id: string): Promise<void> {
    this.#failIfTold();
    this.#kept.delete(id);
  }

  async list(): Promise<string[]> {
    return [...this.#kept.keys()];
  }

  #failIfTold(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}

async function* chunksOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1024) yield bytes.subarray(at, at + 1024);
}
