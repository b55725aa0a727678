import type { KeptSnapshot, SnapshotManifest, SnapshotStore } from '../../domain/snapshot-store.ts';

/**
 * A store with what was kept on this node's disk before it was chosen: that stays where it is, and is served like the rest.
 * The disk is asked first, which costs nothing and goes on while the store is away.
 */
export class WithEarlier implements SnapshotStore {
  readonly isShared: boolean;
  readonly own: SnapshotStore;
  readonly #store: SnapshotStore;

  /** @param earlier on this node's disk */
  constructor(store: SnapshotStore, earlier: SnapshotStore) {
    this.isShared = store.isShared;
    this.own = earlier;
    this.#store = store;
  }

  async open(): Promise<void> {
    await this.own.open();
    await this.#store.open();
  }

  async put(id: string, archive: AsyncIterable<Uint8Array>, describe: () => SnapshotManifest): Promise<void> {
    if ((await this.own.find(id)) !== undefined) return;
    await this.#store.put(id, archive, describe);
  }

  async get(id: string): Promise<KeptSnapshot> {
    const isEarlier = (await this.own.find(id)) !== undefined;
    return isEarlier ? this.own.get(id) : this.#store.get(id);
  }

  async find(id: string): Promise<SnapshotManifest | undefined> {
    return (await this.own.find(id)) ?? (await this.#store.find(id));
  }

  async remove(id: string): Promise<void> {
    await this.own.remove(id);
    await this.#store.remove(id);
  }

  async list(): Promise<string[]> {
    return [...new Set([...(await this.own.list()), ...(await this.#store.list())])];
  }
}
