import { describe, expect, it } from 'vitest';
import { type Recorded, recordingLogger } from '../../../tests/fakes/recording-logger.ts';
import { type GaugeSources, prometheusMetrics } from './prometheus.ts';

const MEMORY = { availableBytes: 3e9, totalBytes: 8e9 };

function counting(sources: Partial<GaugeSources> = {}) {
  const logged: Recorded[] = [];
  const metrics = prometheusMetrics({
    sandboxes: async () => ({ running: 2, stopped: 5 }),
    hostMemory: async () => MEMORY,
    log: recordingLogger((line) => logged.push(line)),
    ...sources,
  });
  return { metrics, logged };
}

/** The text format, strictly: comments that describe a name, then its samples, by name and labels as written. */
function parse(text: string): { samples: Map<string, number>; types: Map<string, string> } {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\w+) (\w+)$/.exec(line);
    if (type !== null) types.set(type[1] ?? '', type[2] ?? '');
    if (line === '' || line.startsWith('# ')) continue;
    const sample = /^(\w+(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a sample: ${line}`);
    expect(samples.has(sample[1] ?? '')).toBe(false);
    samples.set(sample[1] ?? '', Number(sample[2]));
  }
  return { samples, types };
}

const ours = (samples: ReadonlyMap<string, number>) =>
  Object.fromEntries(
    [...samples].filter(([name]) => name.startsWith('sandboxd_') && !name.includes('_bucket')),
  );

describe('metrics for Prometheus', () => {
  it('are read as they were counted', async () => {
    const { metrics } = counting();
    metrics.count('wakes_total', { result: 'ok' });
    metrics.count('wakes_total', { result: 'ok' });
    metrics.count('wakes_total', { result: 'failed' });
    metrics.count('preview_requests_total', { status: '2xx' }, 7);
    metrics.count('login_failures_total', {});
    metrics.observe('wake_duration_seconds', 0.4, {});
    metrics.observe('wake_duration_seconds', 90, {});
    const { type, text } = await metrics.render();
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const { samples, types } = parse(text);
    expect(ours(samples)).toEqual({
      'sandboxd_wakes_total{result="ok"}': 2,
      'sandboxd_wakes_total{result="failed"}': 1,
      'sandboxd_preview_requests_total{status="2xx"}': 7,
      sandboxd_login_failures_total: 1,
      sandboxd_wake_duration_seconds_sum: 90.4,
      sandboxd_wake_duration_seconds_count: 2,
      sandboxd_create_duration_seconds_sum: 0,
      sandboxd_create_duration_seconds_count: 0,
      'sandboxd_sandboxes{state="running"}': 2,
      'sandboxd_sandboxes{state="stopped"}': 5,
      sandboxd_host_memory_total_bytes: 8e9,
      sandboxd_host_memory_available_bytes: 3e9,
    });
    expect(types.get('sandboxd_wakes_total')).toBe('counter');
    expect(types.get('sandboxd_wake_duration_seconds')).toBe('histogram');
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('tell quick wakes from slow ones, from a twentieth of a second to a minute', async () => {
    const { metrics } = counting();
    for (const seconds of [0.04, 0.4, 59, 61]) metrics.observe('wake_duration_seconds', seconds, {});
    const { samples } = parse((await metrics.render()).text);
    const upTo = (le: string) => samples.get(`sandboxd_wake_duration_seconds_bucket{le="${le}"}`);
    expect(['0.05', '0.3', '0.5', '60', '+Inf'].map(upTo)).toEqual([1, 1, 2, 3, 4]);
  });

  it('survive labels that clients make up', async () => {
    const { metrics } = counting();
    metrics.count('events_total', { type: 'a"b\\c\nd' });
    expect(() => parse('x{y="')).toThrow('not a sample');
    const { samples } = parse((await metrics.render()).text);
    expect(samples.get('sandboxd_events_total{type="a\\"b\\\\c\\nd"}')).toBe(1);
  });

  it('leave out what cannot be looked up, and say so', async () => {
    let isAway = true;
    const lookUp = async <T>(found: T): Promise<T> => {
      if (isAway) throw new Error('away');
      return found;
    };
    const { metrics, logged } = counting({
      sandboxes: () => lookUp({ running: 1 }),
      hostMemory: () => lookUp(MEMORY),
    });
    expect(Object.keys(ours(parse((await metrics.render()).text).samples)).join()).not.toMatch(
      /memory|sandboxes/,
    );
    expect(logged.map(({ fields }) => fields['name'])).toEqual([
      'sandboxes',
      'host_memory_total_bytes',
      'host_memory_available_bytes',
    ]);
    isAway = false;
    const { samples } = parse((await metrics.render()).text);
    expect(samples.get('sandboxd_sandboxes{state="running"}')).toBe(1);
    expect(samples.get('sandboxd_host_memory_total_bytes')).toBe(8e9);
  });
});
