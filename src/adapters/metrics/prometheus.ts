import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from '../../domain/log.ts';
import type { Counters, Durations, Metrics, MetricsPage } from '../../domain/metrics.ts';

/** What is looked up when somebody reads. */
export interface GaugeSources {
  /** Sandboxes of every owner, by state. */
  readonly sandboxes: () => Promise<Readonly<Record<string, number>>>;
  readonly hostMemory: () => Promise<{ readonly availableBytes: number; readonly totalBytes: number }>;
  readonly log: Pick<Logger, 'warn'>;
}

const PREFIX = 'sandboxd_';

const COUNTERS: { readonly [Name in keyof Counters]: readonly [help: string, labels: readonly string[]] } = {
  http_requests_total: ['Requests to the API and the console.', ['method', 'route', 'status']],
  wakes_total: ['Sandboxes woken for a visitor, a task or a command.', ['result']],
  creates_total: ['Sandboxes created.', ['result']],
  tasks_total: ['Tasks that ended.', ['agent', 'status']],
  events_total: ['Events recorded.', ['type']],
  webhook_deliveries_total: ['Attempts to deliver an event to a webhook.', ['result']],
  login_failures_total: ['Failed logins to the console.', []],
  preview_requests_total: ['Requests to previews, by the class of the answer.', ['status']],
  preview_bytes_total: ['What visitors of previews sent, and were sent.', ['direction']],
};

/** Seconds. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const START_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60];
const TASK_BUCKETS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

const DURATIONS: {
  readonly [Name in keyof Durations]: readonly [help: string, labels: readonly string[], buckets: number[]];
} = {
  http_request_duration_seconds: [
    'From a request to the beginning of its answer.',
    ['method', 'route'],
    REQUEST_BUCKETS,
  ],
  wake_duration_seconds: [
    "From a visitor's request for a sleeping sandbox to the first good answer of its app.",
    [],
    START_BUCKETS,
  ],
  create_duration_seconds: [
    'From the order of a sandbox to the first good answer of its app.',
    [],
    START_BUCKETS,
  ],
  task_duration_seconds: ['From the acceptance of a task to its end.', ['agent'], TASK_BUCKETS],
};

/** Counts in this process, for Prometheus to read. With what Node tells about the process itself. */
export function prometheusMetrics(sources: GaugeSources): Metrics & MetricsPage {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const counters = byName(
    COUNTERS,
    (name, [help, labelNames]) =>
      new Counter({ name: PREFIX + name, help, labelNames, registers: [register] }),
  );
  const durations = byName(
    DURATIONS,
    (name, [help, labelNames, buckets]) =>
      new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [register] }),
  );
  addGauges(register, sources);
  return {
    count: (name, labels, by = 1) => counters[name].inc({ ...labels }, by),
    observe: (name, seconds, labels) => durations[name].observe({ ...labels }, seconds),
    render: async () => ({ type: register.contentType, text: await register.metrics() }),
  };
}

function byName<Name extends string, Described, Made>(
  all: Readonly<Record<Name, Described>>,
  make: (name: Name, described: Described) => Made,
): Record<Name, Made> {
  const made = (Object.entries(all) as [Name, Described][]).map(([name, one]) => [name, make(name, one)]);
  return Object.fromEntries(made) as Record<Name, Made>;
}

function addGauges(register: Registry, { sandboxes, hostMemory, log }: GaugeSources): void {
  const gauge = (name: string, help: string, labelNames: string[], look: (gauge: Gauge) => Promise<void>) =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [register],
      async collect() {
        this.reset();
        // The rest is worth reading also while one source does not answer: a number that is not known is left out.
        await look(this).catch((error: unknown) => {
          if (labelNames.length === 0) this.remove();
          log.warn('a metric could not be read', { name, reason: String(error) });
        });
      },
    });
  gauge('sandboxes', 'Sandboxes, by state.', ['state'], async (states) => {
    for (const [state, number] of Object.entries(await sandboxes())) states.set({ state }, number);
  });
  gauge('host_memory_total_bytes', "This machine's memory.", [], async (total) =>
    total.set((await hostMemory()).totalBytes),
  );
  gauge('host_memory_available_bytes', 'What of it programs can still have.', [], async (available) =>
    available.set((await hostMemory()).availableBytes),
  );
}
