import type { Ports } from '../../domain/ports.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { SnapshotRow } from '../../views/snapshot-models.ts';

/**
 * Rows with what each descends from. Those that are shown on the same page are linked to.
 * @param snapshots what the rows were made of, in the same order
 */
export async function withLineage(
  ports: Ports,
  snapshots: readonly Snapshot[],
  rows: readonly SnapshotRow[],
): Promise<SnapshotRow[]> {
  const shown = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const elsewhere = await parentsElsewhere(ports, snapshots, shown);
  return rows.map((row, index) => {
    const snapshot = snapshots[index];
    const id = snapshot?.parentSnapshotId;
    if (snapshot === undefined || id === undefined) return row;
    const parent = shown.get(id) ?? elsewhere.get(id);
    return {
      ...row,
      parent: { name: nameOf(parent, snapshot), ...(shown.has(id) && { href: `#snapshot-${id}` }) },
    };
  });
}

async function parentsElsewhere(
  ports: Ports,
  snapshots: readonly Snapshot[],
  shown: ReadonlyMap<string, Snapshot>,
): Promise<ReadonlyMap<string, Snapshot>> {
  const wanted = snapshots.flatMap(({ owner, parentSnapshotId: id }) =>
    id === undefined || shown.has(id) ? [] : [[id, owner] as const],
  );
  const found = await Promise.all(
    [...new Map(wanted)].map(([id, owner]) => ports.store.snapshots.find(owner, id)),
  );
  return new Map(
    found.flatMap((snapshot) => (snapshot === undefined ? [] : [[snapshot.id, snapshot] as const])),
  );
}

function nameOf(parent: Snapshot | undefined, child: Snapshot): string {
  if (parent === undefined) return 'a snapshot that was deleted';
  return parent.sourceAppId === child.sourceAppId ? `“${parent.name}”` : `“${parent.name}” of another app`;
}
