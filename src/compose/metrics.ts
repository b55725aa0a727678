import { prometheusMetrics } from '../adapters/metrics/prometheus.ts';
import { readHostMemory } from '../agent/capacity.ts';
import type { Logger } from '../domain/log.ts';
import type { Metrics, MetricsPage } from '../domain/metrics.ts';
import type { Store } from '../domain/store.ts';

/** What a server counts, and what it looks up for whoever reads it. */
export const serverMetrics = (store: Pick<Store, 'sandboxes'>, log: Logger): Metrics & MetricsPage =>
  prometheusMetrics({ sandboxes: () => store.sandboxes.count(), hostMemory: readHostMemory, log });
