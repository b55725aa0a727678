/** What is counted, by its name without the prefix `sandboxd_`, with the labels it takes. */
export interface Counters {
  http_requests_total: { method: string; route: string; status: string };
  wakes_total: { result: 'ok' | 'failed' };
  creates_total: { result: 'ok' | 'failed' };
  tasks_total: { agent: string; status: string };
  events_total: { type: string };
  webhook_deliveries_total: { result: 'delivered' | 'failed' | 'dead' };
  login_failures_total: Record<never, string>;
}

/** What is measured, in seconds. */
export interface Durations {
  http_request_duration_seconds: { method: string; route: string };
  /** From a visitor's request for a sleeping sandbox to the first good answer of its app. */
  wake_duration_seconds: Record<never, string>;
  /** From the order to the first good answer of its app. */
  create_duration_seconds: Record<never, string>;
  task_duration_seconds: { agent: string };
}

/** Counts what happens. Never throws, and never waits. */
export interface Metrics {
  count<Name extends keyof Counters>(name: Name, labels: Counters[Name]): void;
  observe<Name extends keyof Durations>(name: Name, seconds: number, labels: Durations[Name]): void;
}

/** Where nobody reads them. */
export const noMetrics: Metrics = { count: () => undefined, observe: () => undefined };
