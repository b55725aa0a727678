import { describe, expect, it } from 'vitest';
import { RecordedMetrics } from '../../tests/fakes/recorded-metrics.ts';
import { READY } from '../../tests/fakes/runtime.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';
import { StartWaits } from './start-waits.ts';

const STARTING: RuntimeStatus = { ...READY, phase: 'starting', preview: { status: 'starting' } };
const DOWN: RuntimeStatus = { ...READY, preview: { status: 'down' } };
const NO_PAGE: RuntimeStatus = { ...READY, preview: { status: 'none' } };

function waits() {
  const metrics = new RecordedMetrics();
  let now = 1000;
  const all = new StartWaits({ clock: () => now, metrics });
  const passes = (ms: number) => {
    now += ms;
  };
  return { all, metrics, passes };
}

describe('the wait for a start', () => {
  it('lasts from what was asked to the first good answer, and is counted once', () => {
    const { all, metrics, passes } = waits();
    all.begin('a', 'wake', 1000);
    passes(200);
    all.begin('a', 'wake', 1200);
    for (const status of [STARTING, DOWN]) all.observe('a', status);
    expect(metrics.counts.size).toBe(0);
    passes(300);
    for (const status of [READY, DOWN, READY]) all.observe('a', status);
    all.fail('a');
    expect(Object.fromEntries(metrics.counts)).toEqual({ 'wakes_total{"result":"ok"}': 1 });
    expect(metrics.durations).toEqual(new Map([['wake_duration_seconds', [0.5]]]));
  });

  it('of an app without a page is over when that has been started', () => {
    const { all, metrics } = waits();
    all.begin('a', 'create', 1000);
    all.observe('a', { ...NO_PAGE, phase: 'installing' });
    expect(metrics.counts.size).toBe(0);
    all.observe('a', NO_PAGE);
    expect(Object.fromEntries(metrics.counts)).toEqual({ 'creates_total{"result":"ok"}': 1 });
  });

  it('fails once, and takes no time then', () => {
    const { all, metrics } = waits();
    all.begin('a', 'create', 1000);
    all.fail('a');
    all.fail('a');
    all.observe('a', READY);
    expect(Object.fromEntries(metrics.counts)).toEqual({ 'creates_total{"result":"failed"}': 1 });
    expect(metrics.durations.size).toBe(0);
  });

  it('is nobody’s where nobody waits', () => {
    const { all, metrics } = waits();
    all.observe('a', READY);
    all.fail('a');
    expect(metrics.counts.size).toBe(0);
  });
});
