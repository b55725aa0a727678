import { expect, it } from 'vitest';
import { anEvent } from '../../tests/fakes/rows.ts';
import { RecordedMetrics } from '../../tests/fakes/recorded-metrics.ts';
import { memoryStore } from '../../tests/fakes/memory-store.ts';
import { countedStore } from './counted-store.ts';
import { SandboxdError } from './errors.ts';
import type { Change } from './store.ts';

const report = (nodeId: string, seq: number): Change => ({
  kind: 'report',
  nodeId,
  eventId: `${nodeId}-${seq}`,
  report: {
    seq,
    at: 1,
    sandboxId: 'a',
    type: 'sandbox.woken',
    severity: 'info',
    message: 'The sandbox woke up for a visitor.',
  },
});

it('events are counted when they are recorded, and reports of nodes once, however often they are told', async () => {
  const metrics = new RecordedMetrics();
  const inner = memoryStore();
  const store = countedStore(inner, metrics);
  await store.commit({ kind: 'event', event: anEvent({ type: 'app.created' }) }, report('n', 1));
  await store.commit(report('n', 1), report('n', 2), report('m', 1));
  const counted = { 'events_total{"type":"app.created"}': 1, 'events_total{"type":"sandbox.woken"}': 3 };
  expect(Object.fromEntries(metrics.counts)).toEqual(counted);

  const failing = countedStore(
    { ...inner, commit: () => Promise.reject(new SandboxdError('unavailable', 'No.')) },
    metrics,
  );
  await expect(failing.commit(report('n', 3))).rejects.toThrow('No.');
  expect(Object.fromEntries(metrics.counts)).toEqual(counted);
});
