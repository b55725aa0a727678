import { invalid } from './errors.ts';
import type { Ports } from './ports.ts';
import { requireSnapshot } from './require.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * A snapshot that something can be made from.
 * @param field that it was named by
 * @throws not_found, invalid_request while it is being captured and when that has failed
 */
export async function requireReady(
  ports: Ports,
  owner: string,
  id: string,
  field: string,
): Promise<Snapshot> {
  const snapshot = await requireSnapshot(ports, owner, id);
  if (snapshot.status === 'ready') return snapshot;
  throw invalid(
    snapshot.status === 'capturing'
      ? `${field}: the snapshot is still being captured. Wait until it is ready.`
      : `${field}: the capture of this snapshot failed, so that there is nothing to make an app from. Choose another one.`,
  );
}

/** What a sandbox is like that is made from a snapshot. What was private stays private. */
export const madeFrom = (snapshot: Snapshot) => ({
  ...snapshot.blueprint,
  fromSnapshotId: snapshot.id,
  visibility: snapshot.visibility,
});

/** The one node that has the archive of a snapshot, where that matters. */
export const holderOf = ({ content, nodeId }: Snapshot): string | undefined =>
  content?.isShared === true ? undefined : nodeId;
