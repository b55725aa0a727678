import { invalid, SandboxdError } from './errors.ts';
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

/**
 * Nothing that is under way needs a snapshot: a sandbox that is made from it would fail, and a restore would lose its
 * safety copy.
 * @throws conflict
 */
export async function requireUnused(ports: Ports, { owner, id, nodeId }: Snapshot): Promise<void> {
  const { sandboxes } = ports.store;
  const made = await sandboxes.beingMadeFrom(owner, id);
  const used = made ?? (await sandboxes.replacing(nodeId)).find(({ replaces }) => replaces?.safety.id === id);
  if (used === undefined) return;
  throw new SandboxdError(
    'conflict',
    `A sandbox (${used.id}) is being made that still needs this snapshot. Wait until it runs, or delete it first.`,
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
