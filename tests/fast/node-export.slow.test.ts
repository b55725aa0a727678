import { expect, it, vi } from 'vitest';
import { makeRemains, startWorld } from '../harness/world.ts';

it('an export whose reader leaves while its sandbox stands still lets that go on, also where the engine is slow to', async () => {
  await using remains = await makeRemains();
  await using world = await startWorld(remains);
  const app = (await (await world.request('POST', '/v1/apps', { body: { name: 'An app' } })).json()) as {
    id: string;
  };
  const created = await world.request('POST', `/v1/apps/${app.id}/sandbox`);
  const { id } = (await created.json()) as { id: string };
  const left = new AbortController();
  remains.workspaces.onArchive = () => left.abort(new Error('has left'));
  vi.spyOn(remains.engine, 'unpause').mockRejectedValueOnce(new Error('the engine is busy'));
  await expect(world.running.agent.export(id, left.signal)).rejects.toThrow('has left');
  expect((await remains.engine.inspect(id)).state).toBe('running');
});
