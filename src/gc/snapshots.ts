import type { GarbageSource } from '../domain/garbage.ts';
import type { Clock } from '../domain/ids.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';
import type { SnapshotReads } from '../domain/store.ts';
import { isOld } from './age.ts';

/**
 * Archives on this node's own disk that no row is about: a database older than they are was restored, or a deletion was cut
 * off. Archives of a shared store may be another installation's.
 */
export function unknownSnapshots(
  store: Pick<SnapshotStore, 'own'>,
  rows: Pick<SnapshotReads, 'known'>,
  clock: Clock,
): GarbageSource {
  return {
    kind: 'snapshot',
    async find() {
      const { own } = store;
      if (own === undefined) return [];
      const ids = await own.list();
      const known = new Set(await rows.known(ids));
      const manifests = await Promise.all(ids.filter((id) => !known.has(id)).map((id) => own.find(id)));
      return manifests.flatMap((manifest) => {
        const ageMs = clock() - (manifest?.createdAt ?? clock());
        if (manifest === undefined || !isOld(ageMs)) return [];
        const { id, sizeBytes } = manifest;
        return [{ kind: 'snapshot', name: id, sizeBytes, ageMs, remove: () => own.remove(id) } as const];
      });
    },
  };
}
