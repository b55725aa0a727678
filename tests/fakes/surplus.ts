import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import type { RetentionLimits } from '../../src/domain/store.ts';

/** What retention lets go of, told step by step as a person would do it. */
export function surplusOf(
  kept: readonly Snapshot[],
  live: readonly Sandbox[],
  { keepLast = Infinity, maxBytes = Infinity }: RetentionLimits,
): Snapshot[] {
  const ready = kept.filter(({ status }) => status === 'ready').toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byApp = Map.groupBy(ready, ({ sourceAppId, sourceSandboxId }) => sourceAppId ?? sourceSandboxId);
  const places = new Map(
    [...byApp.values()].flatMap((of) => of.toReversed().map(({ id }, n) => [id, n + 1])),
  );
  const place = ({ id }: Snapshot) => places.get(id) ?? 0;
  const inUse = new Set(live.filter(isBeingMade).map(({ fromSnapshotId }) => fromSnapshotId));
  const mayGo = (row: Snapshot) => place(row) > 1 && !inUse.has(row.id);

  const going = new Set(ready.filter((row) => mayGo(row) && place(row) > keepLast));
  let bytes = ready.filter((row) => !going.has(row)).reduce((sum, row) => sum + sizeOf(row), 0);
  for (const row of ready.filter((one) => mayGo(one) && !going.has(one))) {
    if (bytes <= maxBytes) break;
    going.add(row);
    bytes -= sizeOf(row);
  }
  return ready.filter((row) => going.has(row));
}

const isBeingMade = ({ status }: Sandbox): boolean => status === 'creating' || status === 'error';
const sizeOf = ({ content }: Snapshot): number => content?.sizeBytes ?? 0;
