import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';
import { zipContents } from '../harness/zips.ts';

describe('an app on its way to somebody', () => {
  let remains: Remains & AsyncDisposable;
  let world: World;
  let id: string;

  beforeEach(async () => {
    remains = await makeRemains();
    world = await startWorld(remains);
    const app = await world.request('POST', '/v1/apps', { body: { name: 'Zoë’s "app"' } });
    const { id: appId } = (await app.json()) as { id: string };
    const sandbox = await world.request('POST', `/v1/apps/${appId}/sandbox`);
    ({ id } = (await sandbox.json()) as { id: string });
    await world.request('PUT', `/v1/sandboxes/${id}/files?path=src/main.js`, { raw: 'main' });
    await world.request('PUT', `/v1/sandboxes/${id}/files?path=beside&root=home`, { raw: 'not the app' });
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await remains[Symbol.asyncDispose]();
  });

  const exported = (method = 'GET', headers = {}) =>
    world.request(method, `/v1/sandboxes/${id}/export`, { headers });
  const freezes = () => remains.engine.calls.filter((call) => /pause/.test(call));
  const stop = () => world.request('POST', `/v1/sandboxes/${id}/stop`);
  /** Whether each copy that was made is still held. */
  const watched = () => {
    const copies = vi.spyOn(remains.workspaces, 'export');
    return () => copies.mock.calls.map(([, { signal }]) => signal?.aborted === false);
  };

  it('is a zip archive of the app directory, named after the app', async () => {
    const answer = await exported();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="Zoe-s -app.zip"; filename*=UTF-8''Zo%C3%AB-s%20-app.zip`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(zipContents(bytes)).toEqual({ 'src/main.js': 'main' });
    expect(freezes()).toEqual([`pause ${id}`, `unpause ${id}`]);
  });

  it('keeps its sandbox awake while it is copied, and no longer', async () => {
    const reasons: (readonly string[])[] = [];
    remains.workspaces.onArchive = () => void reasons.push(world.running.agent.activity.reasons(id));
    const answer = await exported();
    reasons.push(world.running.agent.activity.reasons(id));
    expect(reasons).toEqual([['it is being exported'], []]);
    await answer.body?.cancel();
  });

  it('leaves its sandbox free once it is copied, whether that runs or not', async () => {
    const running = await exported();
    expect((await stop()).status).toBe(200);
    const stopped = await exported();
    await world.running.agent.wake(id);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    for (const answer of [running, stopped]) {
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(zipContents(bytes)).toEqual({ 'src/main.js': 'main' });
    }
    expect(freezes()).toHaveLength(2);
  });

  it('is not held any longer when it has ended, nobody reads it, or who asked has left', async () => {
    const held = watched();
    const [read, closed] = [await exported(), await exported()];
    expect(held()).toEqual([true, true]);
    await read.arrayBuffer();
    await closed.body?.cancel();
    expect(held()).toEqual([false, false]);

    const left = new AbortController();
    const bytes = await world.running.agent.export(id, left.signal);
    expect(held()).toEqual([false, false, true]);
    left.abort(new Error('has left'));
    expect(held()).toEqual([false, false, false]);
    await expect(buffer(bytes)).rejects.toThrow('has left');
  });

  it('frees its sandbox when who asked leaves while it is copied', async () => {
    await stop();
    const held = watched();
    const copying = Promise.withResolvers<void>();
    remains.workspaces.onArchive = () => {
      copying.resolve();
      return new Promise(() => undefined);
    };
    const left = new AbortController();
    const attempt = world.running.agent.export(id, left.signal);
    await copying.promise;
    left.abort(new Error('has left'));
    await expect(attempt).rejects.toThrow('has left');
    expect(held()).toEqual([false]);
    await world.running.agent.wake(id);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
  });

  it('ends with its node', async () => {
    const held = watched();
    const bytes = await world.running.agent.export(id, new AbortController().signal);
    await world.running.agent.giveUp();
    expect(held()).toEqual([false]);
    await expect(buffer(bytes)).rejects.toMatchObject({ code: 'node_unavailable' });
  });

  it('is copied for two at once, and for a third when one of them has ended', async () => {
    const first = await exported();
    await exported();
    const third = await exported();
    expect([third.status, await third.json()]).toMatchObject([409, { error: { code: 'conflict' } }]);
    await first.arrayBuffer();
    expect((await exported()).status).toBe(200);
  });

  it('that cannot be copied is an error like any other', async () => {
    remains.workspaces.onArchive = () => Promise.reject(new Error('the disk is gone'));
    const answer = await exported();
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: { code: 'internal' } }]);
    remains.workspaces.onArchive = () => undefined;
    expect((await exported()).status).toBe(200);
  });

  it('is not copied for whoever only asks whether it is there', async () => {
    const held = watched();
    const answer = await exported('HEAD');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(held()).toEqual([]);
    expect((await world.request('HEAD', `/v1/sandboxes/${id}/export`, { as: 'rival' })).status).toBe(404);
  });
});
