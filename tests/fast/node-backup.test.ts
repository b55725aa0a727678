import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buffer } from 'node:stream/consumers';
import type { WorkspaceArchive } from '../../src/domain/workspace.ts';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';
import { newId } from '../fakes/rows.ts';

const { signal } = new AbortController();
const consume = async ({ bytes, facts }: WorkspaceArchive) => {
  await buffer(bytes);
  return facts().fileCount;
};

const unread = () => Promise.reject(new Error('the disk is gone'));

describe('A workspace on its way into a backup', () => {
  let remains: Remains & AsyncDisposable;
  let world: World;

  beforeEach(async () => {
    remains = await makeRemains();
    world = await startWorld(remains);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await remains[Symbol.asyncDispose]();
  });

  async function newSandbox(): Promise<string> {
    const app = await world.request('POST', '/v1/apps', { body: { name: 'An app' } });
    const { id } = (await app.json()) as { id: string };
    const sandbox = await world.request('POST', `/v1/apps/${id}/sandbox`);
    return ((await sandbox.json()) as { id: string }).id;
  }

  const calls = (id: string) =>
    remains.engine.calls.filter((call) => call === `pause ${id}` || call === `unpause ${id}`);

  it('is read while its sandbox stands still for a moment, which goes on before the rest is read', async () => {
    const id = await newSandbox();
    await world.running.agent.archiveForBackup(
      id,
      async (archive) => {
        expect(calls(id)).toEqual([`pause ${id}`, `unpause ${id}`]);
        await world.request('POST', `/v1/sandboxes/${id}/stop`);
        return consume(archive);
      },
      signal,
    );
    expect(calls(id)).toHaveLength(2);
  });

  it('at rest is read as it is, and nobody wakes it meanwhile', async () => {
    const id = await newSandbox();
    await world.request('POST', `/v1/sandboxes/${id}/stop`);
    let waking: Promise<void> | undefined;
    await world.running.agent.archiveForBackup(
      id,
      async (archive) => {
        waking = world.running.agent.wake(id);
        await consume(archive);
        expect(world.routes.get(id)?.state).toBe('stopped');
      },
      signal,
    );
    await waking;
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    expect(calls(id)).toEqual([]);
  });

  it.each(['running', 'stopped'])(
    'has nothing set aside when nobody read it, of one that is %s',
    async (state) => {
      const id = await newSandbox();
      if (state === 'stopped') await world.request('POST', `/v1/sandboxes/${id}/stop`);
      const archive = vi.spyOn(remains.workspaces, 'archive');
      await expect(world.running.agent.archiveForBackup(id, unread, signal)).rejects.toThrow('disk is gone');
      expect(archive.mock.calls.map(([, options]) => options.signal?.aborted)).toEqual([true]);
    },
  );

  it('is there for every sandbox of the node, and for no other', async () => {
    const id = await newSandbox();
    expect(world.running.agent.keeps()).toEqual([{ id, template: 'react-standard' }]);
    const none = world.running.agent.archiveForBackup(newId(), consume, signal);
    await expect(none).rejects.toMatchObject({ code: 'not_found' });
  });
});
