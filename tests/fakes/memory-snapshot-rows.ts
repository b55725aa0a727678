import type { Sandbox } from '../../src/domain/sandbox.ts';
import { captureOf, type Snapshot } from '../../src/domain/snapshot.ts';
import type { RetentionLimits, SnapshotReads } from '../../src/domain/store.ts';
import { matches, newestFirst } from './memory-rows.ts';

/** What there is, deletions that are ordered included. */
interface Rows {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** Ids of those whose deletion is ordered. */
  readonly discarded: ReadonlySet<string>;
  readonly sandboxes: ReadonlyMap<string, Sandbox>;
  /** Ids of those whose deletion is confirmed. */
  readonly gone: ReadonlySet<string>;
}

/** The snapshots of a store in memory. */
export function memorySnapshots(rows: () => Rows): SnapshotReads {
  const kept = () => [...rows().snapshots.values()].filter(({ id }) => !rows().discarded.has(id));
  return {
    find: async (owner, id) => kept().find((row) => row.owner === owner && row.id === id),
    list: async (owner, { appId, before, limit }) =>
      newestFirst(
        rows().snapshots,
        before,
        limit,
        (row) => matches(row, { owner, sourceAppId: appId }) && !rows().discarded.has(row.id),
      ),
    parentOf: async (owner, sandboxId) => {
      const source = rows().sandboxes.get(sandboxId);
      if (source?.owner !== owner) return undefined;
      const ready = kept().filter((row) => matches(row, { sourceSandboxId: sandboxId, status: 'ready' }));
      const ids = ready.map(({ id }) => id).toSorted();
      return ids.at(-1) ?? source.fromSnapshotId;
    },
    capturingOn: async (nodeId) =>
      kept()
        .filter((row) => matches(row, { nodeId, status: 'capturing', cause: 'manual' }))
        .map(captureOf),
    discardedOn: async (nodeId) =>
      [...rows().discarded]
        .filter((id) => rows().snapshots.get(id)?.nodeId === nodeId && !isStillToCome(rows(), id))
        .toSorted(),
    known: async (ids) => ids.filter((id) => rows().snapshots.has(id)),
    surplus: async (limits) => surplusOf(kept(), [...rows().sandboxes.values()], limits),
  };
}

/** Whether a node may still capture it for a sandbox that it makes. */
function isStillToCome({ snapshots, sandboxes, gone }: Rows, id: string): boolean {
  const row = snapshots.get(id);
  return (
    row?.status === 'capturing' &&
    row.cause === 'safety' &&
    [...sandboxes.values()].some(
      ({ id, nodeId, replaces }) =>
        nodeId === row.nodeId && !gone.has(id) && replaces?.sandboxId === row.sourceSandboxId,
    )
  );
}

/** What retention lets go of, told step by step as a person would do it. */
function surplusOf(
  kept: readonly Snapshot[],
  sandboxes: readonly Sandbox[],
  { keepLast = Infinity, maxBytes = Infinity }: RetentionLimits,
): Snapshot[] {
  const ready = kept.filter(({ status }) => status === 'ready').toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byApp = Map.groupBy(
    ready,
    ({ sourceAppId, sourceSandboxId, cause }) => `${sourceAppId ?? sourceSandboxId} ${cause}`,
  );
  const places = new Map(
    [...byApp.values()].flatMap((of) => of.toReversed().map(({ id }, n) => [id, n + 1])),
  );
  const place = ({ id }: Snapshot) => places.get(id) ?? 0;
  const isInUse = ({ id, sourceAppId }: Snapshot) =>
    sandboxes.some(
      (sandbox) =>
        sandbox.desired !== 'absent' &&
        sandbox.fromSnapshotId === id &&
        (isUnmade(sandbox) || (sandbox.appId !== undefined && sandbox.appId === sourceAppId)),
    );
  const mayGo = (row: Snapshot) => place(row) > 1 && !isInUse(row);

  const going = new Set(ready.filter((row) => mayGo(row) && place(row) > keepLast));
  let bytes = ready.filter((row) => mayGo(row) && !going.has(row)).reduce((sum, row) => sum + sizeOf(row), 0);
  for (const row of ready.filter((one) => mayGo(one) && !going.has(one))) {
    if (bytes <= maxBytes) break;
    going.add(row);
    bytes -= sizeOf(row);
  }
  return ready.filter((row) => going.has(row));
}

const isUnmade = ({ status }: Sandbox): boolean => status === 'creating' || status === 'error';
const sizeOf = ({ content }: Snapshot): number => content?.sizeBytes ?? 0;
