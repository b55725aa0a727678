import type { Change } from './change.ts';
import type { Metrics } from './metrics.ts';
import type { Store } from './store.ts';

/** Counts the events that are recorded, by type. */
export function countedStore(store: Store, metrics: Pick<Metrics, 'count'>): Store {
  const isNews = newReports();
  return {
    ...store,
    commit: async (...changes) => {
      await store.commit(...changes);
      for (const type of changes.filter(isNews).map(typeOf)) {
        if (type !== undefined) metrics.count('events_total', { type });
      }
    },
  };
}

const typeOf = (change: Change): string | undefined =>
  change.kind === 'event' ? change.event.type : change.kind === 'report' ? change.report.type : undefined;

/** A node tells its reports until they are acknowledged, in order: each is recorded once. */
function newReports(): (change: Change) => boolean {
  const last = new Map<string, number>();
  return (change) => {
    if (change.kind !== 'report') return true;
    const { nodeId, report } = change;
    if (report.seq <= (last.get(nodeId) ?? 0)) return false;
    last.set(nodeId, report.seq);
    return true;
  };
}
