import { SandboxdError } from './errors.ts';

type NoLabels = Readonly<Record<string, never>>;

/** What is counted, by its name without the prefix `sandboxd_`, with the labels it takes. */
export interface Counters {
  http_requests_total: { method: string; route: string; status: string };
  wakes_total: { result: 'ok' | 'failed' };
  creates_total: { result: 'ok' | 'failed' };
  tasks_total: { agent: string; status: string };
  events_total: { type: string };
  webhook_deliveries_total: { result: 'delivered' | 'failed' | 'dead' };
  login_failures_total: NoLabels;
  /** By the first digit of the answer's status, like `2xx`. */
  preview_requests_total: { status: string };
  preview_bytes_total: { direction: 'in' | 'out' };
}

/** What is measured, in seconds. */
export interface Durations {
  http_request_duration_seconds: { method: string; route: string };
  /** From a visitor's request for a sleeping sandbox to the first good answer of its app. */
  wake_duration_seconds: NoLabels;
  /** From the order to the first good answer of its app. */
  create_duration_seconds: NoLabels;
  task_duration_seconds: { agent: string };
}

/** Counts what happens. Never throws, and never waits. */
export interface Metrics {
  /** @param by how many at once, where it is not one */
  count<Name extends keyof Counters>(name: Name, labels: Counters[Name], by?: number): void;
  observe<Name extends keyof Durations>(name: Name, seconds: number, labels: Durations[Name]): void;
}

/** What has been counted and measured, for a monitoring system that reads it now and then. */
export interface MetricsPage {
  /** @throws unavailable where nothing is kept between requests */
  render(): Promise<{ readonly type: string; readonly text: string }>;
}

/** Where nobody reads them. */
export const noMetrics: Metrics = { count: () => undefined, observe: () => undefined };

/** Where a process does not live long enough to count. */
export const noMetricsPage: MetricsPage = {
  render: async () => {
    throw new SandboxdError(
      'unavailable',
      'Nothing is counted here: a Worker lives for a request. The platform has numbers of its own.',
    );
  },
};
