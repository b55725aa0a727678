import { expect, it } from 'vitest';
import { fakeFiles } from '../../tests/fakes/fake-files.ts';
import { FakeRuntime, READY } from '../../tests/fakes/runtime.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';
import { LiveSandbox } from './live.ts';

const STARTING: RuntimeStatus = { ...READY, phase: 'starting', preview: { status: 'starting' } };

async function follow(runtime: FakeRuntime) {
  const live = new LiveSandbox({ address: '', startedAt: 1, runtime, onStatus: () => undefined });
  await live.reach();
  return Object.assign(live, { [Symbol.asyncDispose]: () => live.detach() });
}

it('takes the answer to a question for how it is', async () => {
  const runtime = new FakeRuntime(fakeFiles());
  await using live = await follow(runtime);
  runtime.status = async () => STARTING;
  await live.refresh();
  expect(live.status).toEqual(STARTING);
});

it('does not let an answer that comes late stand against what was told since', async () => {
  const runtime = new FakeRuntime(fakeFiles());
  await using live = await follow(runtime);
  const answer = Promise.withResolvers<RuntimeStatus>();
  runtime.status = () => answer.promise;
  const refreshed = live.refresh();
  const latest = { ...READY, web_port: 4000 };
  runtime.become(latest);
  await expect.poll(() => live.status).toEqual(latest);
  answer.resolve(STARTING);
  await refreshed;
  expect(live.status).toEqual(latest);
});
