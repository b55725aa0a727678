import type { Event } from '../../src/domain/event.ts';
import { firstIdAt } from '../../src/domain/ids.ts';
import type { AuditReads, Change, EventReads } from '../../src/domain/store.ts';
import { matches, newestFirst } from './memory-rows.ts';
import { type Appliers, insertNew, removeWhere, type State } from './memory-state.ts';
import { deliver } from './memory-webhooks.ts';

/** The timelines of a store in memory. */
export const memoryEvents = (state: () => State): EventReads => ({
  list: async (owner, { before, limit, types, ...of }) =>
    newestFirst(
      state().events,
      before,
      limit,
      (event) => matches(event, { owner, ...of }) && (types === undefined || types.includes(event.type)),
    ),
  hasBefore: async (before) =>
    [...state().events.keys(), ...state().audit.keys()].some((id) => id < firstIdAt(before)),
});

export const memoryAudit = (state: () => State): AuditReads => ({
  list: async ({ owner, before, limit }) =>
    newestFirst(state().audit, before, limit, (entry) => matches(entry, { owner })),
});

export const historyChanges: Appliers<
  Extract<Change['kind'], 'event' | 'report' | 'audit' | 'history.expire' | 'leftovers.expire'>
> = {
  event: (state, { event }) => record(state, event),
  report: (state, { nodeId, eventId, report }) => {
    const { sandboxes, acknowledged } = state;
    if (report.seq <= (acknowledged.get(nodeId) ?? 0)) return;
    acknowledged.set(nodeId, report.seq);
    const row = sandboxes.get(report.sandboxId);
    if (row?.nodeId !== nodeId) return;
    const { type, severity, message, payload, at, taskId, snapshotId } = report;
    const subject = { owner: row.owner, appId: row.appId, sandboxId: row.id, taskId, snapshotId };
    record(state, { id: eventId, ...subject, type, severity, message, payload, createdAt: at });
  },
  audit: ({ audit }, { entry }) => insertNew(audit, entry.id, entry),
  'history.expire': ({ events, audit, deliveries }, { before, limit }) => {
    for (const id of oldestOfEach(events, firstIdAt(before), limit)) {
      events.delete(id);
      removeWhere(deliveries, ({ eventId }) => eventId === id);
    }
    for (const id of oldestOfEach(audit, firstIdAt(before), limit)) audit.delete(id);
  },
  'leftovers.expire': ({ deliveries, idempotent }, { deliveriesBefore, requestsBefore }) => {
    removeWhere(deliveries, ({ endedAt }) => endedAt !== undefined && endedAt < deliveriesBefore);
    removeWhere(idempotent, ({ createdAt }) => createdAt < requestsBefore);
  },
};

function record(state: State, event: Event): void {
  const { events } = state;
  const once = onceKey(event);
  const isKnown = once !== undefined && [...events.values()].some((other) => onceKey(other) === once);
  if (isKnown || events.has(event.id)) return;
  events.set(event.id, event);
  deliver(state, event);
}

/** Says of what happens once what it happens to. */
function onceKey({ type, owner, sandboxId, snapshotId }: Event): string | undefined {
  if (type === 'snapshot.restored' || type === 'snapshot.restore.failed') return `${owner} ${sandboxId}`;
  return type === 'snapshot.deleted' ? `${owner} ${snapshotId}` : undefined;
}

/** Ids below `end`, of each owner the first few. */
function oldestOfEach(
  rows: ReadonlyMap<string, { readonly id: string; readonly owner?: string }>,
  end: string,
  limit: number,
): string[] {
  const old = [...rows.values()].filter(({ id }) => id < end).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byOwner = Map.groupBy(old, ({ owner }) => owner);
  return [...byOwner.values()].flatMap((of) => of.slice(0, limit).map(({ id }) => id));
}
