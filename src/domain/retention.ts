import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change } from './store.ts';

/** Let go of in one commit: a limit that is new may concern thousands, while a node waits for its answer. */
const BATCH = 200;

/** Lets go of the snapshots that are too many, or too large together. Their nodes are told with their next syncs. */
export async function applyRetention(ports: Ports): Promise<void> {
  const limits = ports.instance.retention;
  if (limits.keepLast === undefined && limits.maxBytes === undefined) return;
  const surplus = await ports.store.snapshots.surplus(limits);
  for (let from = 0; from < surplus.length; from += BATCH) {
    const going = surplus.slice(from, from + BATCH);
    await ports.store.commit(...going.flatMap((snapshot) => discardOf(ports, snapshot, 'retention')));
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
