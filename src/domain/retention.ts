import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change } from './store.ts';

/** Lets go of the snapshots that are too many, or too large together. Their nodes are told with their next syncs. */
export async function applyRetention(ports: Ports): Promise<void> {
  const limits = ports.instance.retention;
  if (limits.keepLast === undefined && limits.maxBytes === undefined) return;
  for (const snapshot of await ports.store.snapshots.surplus(limits)) {
    await ports.store.commit(...discardOf(ports, snapshot, 'retention'));
  }
}

/** The changes that order a snapshot's deletion. */
export const discardOf = (ports: Ports, snapshot: Snapshot, reason: 'user' | 'retention'): Change[] => [
  { kind: 'snapshot.discard', owner: snapshot.owner, id: snapshot.id },
  recorded(ports, 'snapshot.deleted', {
    owner: snapshot.owner,
    appId: snapshot.sourceAppId,
    sandboxId: snapshot.sourceSandboxId,
    snapshotId: snapshot.id,
    message: `The snapshot “${snapshot.name}” was deleted${reason === 'user' ? '' : ', to keep to the limits'}.`,
    payload: { reason },
  }),
];
