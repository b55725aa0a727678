import type { Counters, Durations, Metrics, MetricsPage } from '../../src/domain/metrics.ts';

/** Counts by name and labels, like `wakes_total{"result":"ok"}`, and keeps what was measured, in seconds. */
export class RecordedMetrics implements Metrics, MetricsPage {
  readonly counts = new Map<string, number>();
  readonly durations = new Map<string, number[]>();

  count<Name extends keyof Counters>(name: Name, labels: Counters[Name], by = 1): void {
    const series = nameOf(name, labels);
    this.counts.set(series, (this.counts.get(series) ?? 0) + by);
  }

  observe<Name extends keyof Durations>(name: Name, seconds: number, labels: Durations[Name]): void {
    const series = nameOf(name, labels);
    this.durations.set(series, [...(this.durations.get(series) ?? []), seconds]);
  }

  async render(): Promise<{ type: string; text: string }> {
    const lines = Array.from(this.counts, ([series, number]) => `${series} ${number}\n`);
    return { type: 'text/plain; version=0.0.4; charset=utf-8', text: lines.join('') };
  }
}

const nameOf = (name: string, labels: object): string =>
  Object.keys(labels).length === 0 ? name : `${name}${JSON.stringify(labels)}`;
