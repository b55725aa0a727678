import { expect, it } from 'vitest';
import { fakeFiles } from '../../tests/fakes/fake-files.ts';
import { FakeRuntime, READY } from '../../tests/fakes/runtime.ts';
import { maskOf } from '../domain/mask.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';
import { LiveSandbox } from './live.ts';
import { observationOf } from './observation.ts';
import type { SandboxRecord } from './records.ts';

const SEEDING: RuntimeStatus = { phase: 'seeding', preview: { status: 'starting' }, processes: [] };
const WORKER: RuntimeStatus = { phase: 'ready', preview: { status: 'none' }, processes: [] };

const record = (preset: string | undefined, webPort?: number | null): SandboxRecord => ({
  id: '01JT00000000000000000000AA',
  order: {
    id: '01JT00000000000000000000AA',
    generation: 1,
    revision: 1,
    desired: 'running',
    template: 'worker',
    ports: [3000],
    visibility: 'public',
    idlePolicy: 'sleep',
    preset,
  },
  applied: 1,
  state: 'running',
  lastActiveAt: 0,
  ...(webPort !== undefined && { webPort }),
});

it.each<[string, SandboxRecord, RuntimeStatus | undefined, string]>([
  ['of the worker preset, unheard of', record('worker'), undefined, 'none'],
  ['of the worker preset, being seeded', record('worker'), SEEDING, 'none'],
  ['of the worker preset, with a page of its own', record('worker'), READY, 'ready'],
  ['of a web preset, unheard of', record('react-vite'), undefined, 'starting'],
  ['of a web preset, being seeded', record('react-vite'), SEEDING, 'starting'],
  ['of a web preset, turned into a worker', record('react-vite'), WORKER, 'none'],
  ['of a web preset, that was a worker when last seen', record('react-vite', null), SEEDING, 'none'],
  ['of the worker preset, that had a page when last seen', record('worker', 8000), SEEDING, 'starting'],
  ['of a template alone, being seeded', record(undefined), SEEDING, 'starting'],
])('a sandbox %s, has the right preview', async (_, of, status, expected) => {
  const runtime = new FakeRuntime(fakeFiles());
  const live = new LiveSandbox({ address: '', startedAt: 1, runtime, onStatus: () => undefined });
  await live.reach();
  live.status = status;
  const seen = observationOf(of, live, { awakeBecause: [], lastActiveAt: 0, mask: maskOf([]) });
  await live.detach();
  expect(seen.preview.status).toBe(expected);
  expect(seen.phase).toBe(status?.phase ?? 'starting');
});
