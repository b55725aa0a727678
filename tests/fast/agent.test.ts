import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import type { Event } from '../../src/domain/event.ts';
import { makeRemains, type Remains, startWorld, type World, type WorldOptions } from '../harness/world.ts';
import { READY } from '../fakes/runtime.ts';

const MINUTE = 60_000;

describe('the node agent', () => {
  let remains: Remains & AsyncDisposable;
  let world: World;
  let now = Date.now();
  let memory = { availableBytes: 8e9, totalBytes: 16e9 };

  const options: WorldOptions = { clock: () => now, memory: async () => memory };
  const restart = async () => {
    await world[Symbol.asyncDispose]();
    world = await startWorld(remains, options);
  };

  beforeEach(async () => {
    now = Date.now();
    memory = { availableBytes: 8e9, totalBytes: 16e9 };
    remains = await makeRemains();
    world = await startWorld(remains, options);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await remains[Symbol.asyncDispose]();
  });

  async function newSandbox(body: object = {}): Promise<string> {
    const app = await world.request('POST', '/v1/apps', { body: { name: 'An app', ...body } });
    const { id } = (await app.json()) as { id: string };
    const sandbox = await world.request('POST', `/v1/apps/${id}/sandbox`);
    expect(sandbox.status).toBe(201);
    return ((await sandbox.json()) as { id: string }).id;
  }

  const get = async (id: string) =>
    (await (await world.request('GET', `/v1/sandboxes/${id}`)).json()) as Record<string, unknown>;
  const command = (id: string, verb: string) => world.request('POST', `/v1/sandboxes/${id}/${verb}`);
  const stored = async (id: string) => (await remains.store.sandboxes.find('acme', id))?.status;
  const events = (sandboxId: string): Promise<Event[]> =>
    remains.store.events.list('acme', { sandboxId, limit: 200 });
  const happened = async (id: string, type: string) =>
    (await events(id)).filter((event) => event.type === type);
  const starts = (id: string) => remains.engine.calls.filter((call) => call === `start ${id}`).length;

  it('wakes a sleeping sandbox once for all who ask, and tells the API', async () => {
    const id = await newSandbox();
    await command(id, 'stop');
    expect(world.routes.get(id)?.state).toBe('stopped');
    await Promise.all(Array.from({ length: 10 }, () => world.running.agent.wake(id)));
    expect(starts(id)).toBe(2);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    await expect.poll(() => stored(id)).toBe('running');
    expect(await happened(id, 'sandbox.woken')).toHaveLength(1);
  });

  it('counts a creation and a wake, each once and with the time it took, and what they told', async () => {
    const counts = () => Object.fromEntries(world.metrics.counts);
    const id = await newSandbox();
    await expect.poll(counts).toMatchObject({ 'creates_total{"result":"ok"}': 1 });
    await command(id, 'stop');
    await Promise.all(Array.from({ length: 5 }, () => world.running.agent.wake(id)));
    await expect.poll(counts).toMatchObject({
      'wakes_total{"result":"ok"}': 1,
      'events_total{"type":"sandbox.woken"}': 1,
    });
    expect(world.metrics.durations.get('wake_duration_seconds')).toHaveLength(1);
    await command(id, 'stop');
    await command(id, 'start');
    memory = { availableBytes: 0, totalBytes: 16e9 };
    await command(id, 'stop');
    await world.running.agent.wake(id);
    expect(counts()).toMatchObject({
      'wakes_total{"result":"ok"}': 1,
      'wakes_total{"result":"failed"}': 1,
      'creates_total{"result":"ok"}': 1,
    });
  });

  it('counts what visitors of previews were answered', async () => {
    const traffic = { lastRequestAt: 1, inFlight: 0, requests: 5, bytesIn: 70, bytesOut: 900 };
    const id = await newSandbox();
    const statusClasses = [0, 0, 3, 0, 0, 2, 0, 0, 0, 0];
    world.running.agent.noteTraffic([{ sandboxId: id, ...traffic, statusClasses }]);
    expect(Object.fromEntries(world.metrics.counts)).toMatchObject({
      'preview_requests_total{"status":"2xx"}': 3,
      'preview_requests_total{"status":"5xx"}': 2,
      'preview_bytes_total{"direction":"in"}': 70,
      'preview_bytes_total{"direction":"out"}': 900,
    });
  });

  it('lets a wake stand against an older order, and obeys the next one', async () => {
    const id = await newSandbox();
    await command(id, 'stop');
    await world.running.agent.wake(id);
    await expect.poll(() => stored(id)).toBe('running');
    expect((await remains.engine.inspect(id)).state).toBe('running');
    await command(id, 'stop');
    expect(await stored(id)).toBe('stopped');
  });

  it('does not wake what was deleted', async () => {
    const id = await newSandbox();
    await world.request('DELETE', `/v1/sandboxes/${id}`);
    await world.running.agent.wake(id);
    expect((await remains.engine.inspect(id)).state).toBe('absent');
    expect(world.routes.has(id)).toBe(false);
  });

  it('carries an order out once, however often and late it comes', async () => {
    const id = await newSandbox();
    const row = await remains.store.sandboxes.find('acme', id);
    await command(id, 'stop');
    if (row === undefined) throw new Error('the row is gone');
    const late = await world.running.agent.apply({ ...row, desired: 'running' });
    expect(late.observations).toMatchObject([{ id, state: 'stopped' }]);
    expect(starts(id)).toBe(1);
  });

  it('follows the newest order when an older one comes after it failed', async () => {
    const id = await newSandbox();
    const stale = await remains.store.sandboxes.find('acme', id);
    if (stale === undefined) throw new Error('the row is gone');
    remains.engine.reachable = false;
    expect((await command(id, 'stop')).status).toBe(503);
    expect((await command(id, 'start')).status).toBe(503);
    remains.engine.reachable = true;
    await world.running.agent.apply({ ...stale, generation: 2, revision: 2, desired: 'stopped' });
    await world.running.syncNow();
    expect((await remains.engine.inspect(id)).state).toBe('running');
  });

  it('starts nothing for an older order once a deletion has begun', async () => {
    const id = await newSandbox();
    const stale = await remains.store.sandboxes.find('acme', id);
    if (stale === undefined) throw new Error('the row is gone');
    await command(id, 'stop');
    remains.engine.reachable = false;
    await world.request('DELETE', `/v1/sandboxes/${id}`);
    remains.engine.reachable = true;
    const late = await world.running.agent.apply({
      ...stale,
      generation: 2,
      revision: 2,
      desired: 'running',
    });
    expect(late.observations).toMatchObject([{ id, state: 'absent' }]);
    expect(starts(id)).toBe(1);
  });

  it('does not bring back a deleted sandbox for an order that was under way', async () => {
    const id = await newSandbox();
    const row = await remains.store.sandboxes.find('acme', id);
    await world.request('DELETE', `/v1/sandboxes/${id}`);
    await world.running.syncNow();
    if (row === undefined) throw new Error('the row is gone');
    await world.running.agent.apply({ ...row, generation: row.generation + 1 });
    expect(await remains.engine.list()).toEqual([]);
    expect(await remains.workspaces.list()).toEqual([]);
    expect(world.running.agent.observeAll()).toEqual([]);
  });

  it('refuses a create that would not fit, and leaves nothing of it', async () => {
    memory = { availableBytes: 5e8, totalBytes: 16e9 };
    const app = await world.request('POST', '/v1/apps', { body: { name: 'Too many' } });
    const { id } = (await app.json()) as { id: string };
    const refused = await world.request('POST', `/v1/apps/${id}/sandbox`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('30');
    expect(await refused.json()).toMatchObject({ error: { code: 'sandbox_capacity', retryable: true } });
    expect(await remains.engine.list()).toEqual([]);
    expect(await remains.workspaces.list()).toEqual([]);
    memory = { availableBytes: 8e9, totalBytes: 16e9 };
    expect((await world.request('POST', `/v1/apps/${id}/sandbox`)).status).toBe(201);
  });

  it('refuses a start and a wake that would not fit, and says so to the visitor', async () => {
    const id = await newSandbox();
    await command(id, 'stop');
    memory = { availableBytes: 5e8, totalBytes: 16e9 };
    expect((await command(id, 'start')).status).toBe(503);
    await world.running.agent.wake(id);
    expect(world.routes.get(id)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('memory'),
    });
    memory = { availableBytes: 8e9, totalBytes: 16e9 };
    await world.running.agent.wake(id);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
  });

  it('puts a sandbox to sleep that nobody used, and none that somebody holds', async () => {
    const [idle, used, always] = [await newSandbox(), await newSandbox(), await newSandbox()];
    await world.request('PATCH', `/v1/sandboxes/${always}`, { body: { idle_policy: 'always_on' } });
    now += 34 * MINUTE;
    const traffic = { requests: 1, bytesIn: 1, bytesOut: 1, statusClasses: [], inFlight: 0 };
    world.running.onTraffic([{ sandboxId: used, lastRequestAt: now, ...traffic }]);
    await world.running.sleepIdle();
    expect([await get(idle), await get(used), await get(always)].map(({ status }) => status)).toEqual([
      'running',
      'running',
      'running',
    ]);
    now += 2 * MINUTE;
    await world.running.sleepIdle();
    await expect.poll(() => stored(idle)).toBe('stopped');
    expect([await stored(used), await stored(always)]).toEqual(['running', 'running']);
    expect(await happened(idle, 'sandbox.stopped')).toMatchObject([{ payload: { reason: 'idle' } }]);
  });

  it('keeps a worker up: over idleness, a crash, and a shutdown of its node, but not against its owner', async () => {
    const id = await newSandbox({ runtime_preset: 'worker' });
    expect(await get(id)).toMatchObject({ idle_policy: 'always_on' });
    now += 100 * MINUTE;
    await world.running.sleepIdle();
    expect(starts(id)).toBe(1);

    remains.engine.crash(id);
    await expect.poll(() => stored(id)).toBe('stopped');
    now += MINUTE;
    await world.running.sleepIdle();
    await expect.poll(() => stored(id)).toBe('running');

    await world.running.stopAll();
    now += MINUTE;
    await restart();
    await expect.poll(() => stored(id)).toBe('running');

    await command(id, 'stop');
    now += MINUTE;
    await world.running.sleepIdle();
    expect(await stored(id)).toBe('stopped');
  });

  it('shows an app that crashed as one, not as one that is starting', async () => {
    const id = await newSandbox();
    const web = { name: 'web', kind: 'web', running: false, restarts: 4, abandoned: true } as const;
    world.runtimes
      .get(id)
      ?.become({ phase: 'starting', preview: { status: 'down' }, web_port: 3000, processes: [web] });
    await expect
      .poll(() => world.routes.get(id))
      .toMatchObject({ state: 'crashed', failure: expect.stringContaining('crashed 5 times') });
    expect(await get(id)).not.toHaveProperty('progress');
    await expect
      .poll(() => happened(id, 'process.abandoned'))
      .toMatchObject([{ severity: 'warning', payload: { process: 'web', kind: 'web', restarts: 4 } }]);
  });

  it('tells of an app with workers alone that there is no page to wait for', async () => {
    const [worker, web] = [await newSandbox({ runtime_preset: 'worker' }), await newSandbox()];
    world.runtimes.get(worker)?.become({ phase: 'ready', preview: { status: 'none' }, processes: [] });
    await expect.poll(() => world.routes.get(worker)).toMatchObject({ state: 'live', isPageless: true });
    await expect.poll(() => world.routes.get(web)).toMatchObject({ state: 'live', isPageless: false });
  });

  it('restarts processes, and tells nobody afterwards what they were before', async () => {
    const id = await newSandbox();
    const answer = await command(id, 'restart-processes');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'running',
      preview: { status: 'starting' },
      progress: 'Starting the app',
    });
    expect(world.routes.get(id)?.state).toBe('waking');
    world.runtimes.get(id)?.become(READY);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    const body = { scope: 'after_task' };
    await world.request('POST', `/v1/sandboxes/${id}/restart-processes`, { body });
    expect(world.runtimes.get(id)?.restarts).toEqual(['all', 'after_task']);
  });

  it('restarts nothing in a sandbox that sleeps, and does not wake it', async () => {
    const id = await newSandbox();
    await command(id, 'stop');
    const answer = await command(id, 'restart-processes');
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'stopped' }]);
    expect(starts(id)).toBe(1);
  });

  it('says that a sandbox which does not answer could not be restarted', async () => {
    const id = await newSandbox();
    const runtime = world.runtimes.get(id);
    if (runtime !== undefined) runtime.reachable = false;
    const answer = await command(id, 'restart-processes');
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: 'sandbox_unavailable', retryable: true } });
  });

  it('says why a sandbox is kept awake', async () => {
    const id = await newSandbox();
    world.running.onTraffic([
      {
        sandboxId: id,
        lastRequestAt: now,
        inFlight: 1,
        requests: 1,
        bytesIn: 0,
        bytesOut: 0,
        statusClasses: [],
      },
    ]);
    expect(await get(id)).toMatchObject({ awake_because: ['a request is in flight'] });
    now += 100 * MINUTE;
    await world.running.sleepIdle();
    expect(await get(id)).toMatchObject({ status: 'running' });
  });

  it('takes a container that ends by itself for a crash, and wakes it on the next visit', async () => {
    const id = await newSandbox();
    remains.engine.crash(id);
    await expect.poll(() => stored(id)).toBe('stopped');
    expect(await happened(id, 'sandbox.stopped')).toMatchObject([
      { severity: 'warning', payload: { reason: 'crash' } },
    ]);
    expect((await remains.engine.inspect(id)).state).toBe('absent');
    await world.running.agent.wake(id);
    await expect.poll(() => stored(id)).toBe('running');
  });

  it('keeps serving a sandbox that runs over its own restart', async () => {
    const id = await newSandbox();
    await restart();
    // Until it has said how it is, the page waits.
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    expect(starts(id)).toBe(1);
    expect(await get(id)).toMatchObject({ status: 'running', preview: { status: 'ready' } });
  });

  it('finds out after its own restart that a container is gone', async () => {
    const id = await newSandbox();
    await world[Symbol.asyncDispose]();
    remains.engine.vanish(id);
    world = await startWorld(remains, options);
    await expect.poll(() => stored(id)).toBe('stopped');
    expect(world.routes.get(id)?.state).toBe('stopped');
  });

  it('notices what ended before it followed the engine', async () => {
    const id = await newSandbox();
    await world[Symbol.asyncDispose]();
    world = await startWorld(remains, { ...options, beforeLoops: () => remains.engine.vanish(id) });
    await expect.poll(() => stored(id)).toBe('stopped');
  });

  it('takes nothing for ended that started while it looked', async () => {
    await world[Symbol.asyncDispose]();
    const held = Promise.withResolvers<void>();
    let lists = 0;
    world = await startWorld(remains, {
      ...options,
      wrap: (name, port) =>
        name !== 'engine'
          ? port
          : new Proxy(port, {
              get: (target, key) => {
                const value: unknown = Reflect.get(target, key, target);
                if (typeof value !== 'function') return value;
                if (key !== 'list') return value.bind(target) as unknown;
                return async () => {
                  const listed = await remains.engine.list();
                  // The first is of the recovery, the others of the loops: those take their time.
                  if (++lists > 1) await held.promise;
                  return listed;
                };
              },
            }),
    });
    await expect.poll(() => lists).toBe(3);
    const id = await newSandbox();
    held.resolve();
    await world.running.syncNow();
    await world.running.agent.exclusively(id, async () => undefined);
    await world.running.syncNow();
    expect(await happened(id, 'sandbox.stopped')).toEqual([]);
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
  });

  it('looks anew when the engine comes back', async () => {
    const id = await newSandbox();
    remains.engine.restart();
    await expect.poll(() => stored(id)).toBe('stopped');
  });

  it('touches no file on the disk while a cut-off stop may have left the sandbox running', async () => {
    const id = await newSandbox();
    remains.engine.reachable = false;
    expect((await command(id, 'stop')).status).toBe(503);
    const write = () =>
      world.request('PUT', `/v1/sandboxes/${id}/files`, { body: { path: 'a.txt', content: 'a' } });
    const refused = await write();
    expect(refused.status).toBe(502);
    expect(await refused.json()).toMatchObject({ error: { code: 'sandbox_unavailable', retryable: true } });
    remains.engine.reachable = true;
    await world.running.syncNow();
    expect((await write()).status).toBe(204);
  });

  it('survives that the engine goes away while a container ends', async () => {
    const id = await newSandbox();
    remains.engine.reachable = false;
    remains.engine.crash(id);
    await expect.poll(() => remains.engine.calls).toContain(`inspect ${id}`);
    remains.engine.restart();
    await expect.poll(() => stored(id)).toBe('stopped');
    expect(world.routes.get(id)?.state).toBe('stopped');
  });

  it('keeps an order that the engine is not there for, and carries it out when it is back', async () => {
    const id = await newSandbox();
    await command(id, 'stop');
    remains.engine.reachable = false;
    const refused = await command(id, 'start');
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'node_unavailable', retryable: true } });
    remains.engine.reachable = true;
    await world.running.syncNow();
    await expect.poll(() => stored(id)).toBe('running');
  });

  it('shows a start that fails as an error that can be tried again', async () => {
    remains.engine.failures.set('start', new SandboxdError('sandbox_unavailable', 'It ended at once.'));
    const app = await world.request('POST', '/v1/apps', { body: { name: 'Broken' } });
    const { id: appId } = (await app.json()) as { id: string };
    const made = await world.request('POST', `/v1/apps/${appId}/sandbox`);
    const { id, status, error_message } = (await made.json()) as Record<string, string>;
    expect([made.status, status, error_message]).toEqual([201, 'error', 'It ended at once.']);
    expect(await happened(String(id), 'sandbox.create.failed')).toHaveLength(1);
    remains.engine.failures.clear();
    expect(await (await command(String(id), 'start')).json()).toMatchObject({ status: 'running' });
  });

  it('shows the app as soon as it answers at all, and waits for it before', async () => {
    const id = await newSandbox();
    const runtime = world.runtimes.get(id);
    runtime?.become({ ...READY, phase: 'installing', preview: { status: 'starting' } });
    await expect
      .poll(() => world.routes.get(id))
      .toMatchObject({ state: 'waking', progress: 'Installing dependencies' });
    runtime?.become({ ...READY, preview: { status: 'down', last_http_status: 500 } });
    await expect.poll(() => world.routes.get(id)?.state).toBe('live');
    await expect.poll(async () => (await happened(id, 'preview.health.failed')).length).toBe(1);
  });

  it('routes to the port the app chose beside the declared ones', async () => {
    const id = await newSandbox();
    world.runtimes.get(id)?.become({ ...READY, web_port: 8000 });
    await expect.poll(() => world.routes.get(id)?.ports).toEqual([3000, 8000]);
    expect(await get(id)).toMatchObject({ preview: { url: expect.stringContaining('-8000.preview.') } });
    const link = await world.request('POST', `/v1/sandboxes/${id}/preview-link`, { body: {} });
    expect(await link.json()).toMatchObject({ url: expect.stringContaining('-8000.preview.') });
    const declared = await world.request('POST', `/v1/sandboxes/${id}/preview-link`, {
      body: { port: 3000 },
    });
    expect(await declared.json()).toMatchObject({ url: expect.stringContaining('-3000.preview.') });
  });

  it('shows no URL for an app without a web process', async () => {
    const id = await newSandbox({ runtime_preset: 'worker' });
    world.runtimes.get(id)?.become({ phase: 'ready', preview: { status: 'none' }, processes: [] });
    await expect.poll(() => get(id)).toMatchObject({ preview: { url: '', status: 'none' } });
    await command(id, 'stop');
    expect(await get(id)).toMatchObject({ preview: { url: '', status: 'none' } });
  });

  it('leaves what nobody ordered alone for ten minutes, then puts its workspace in the trash', async () => {
    const stray = '01JSTRAY000000000000000000';
    await remains.workspaces.prepare(stray, { imageDigest: 'sha256:0', template: 'blank' });
    await world.running.syncNow();
    now += 9 * MINUTE;
    await world.running.syncNow();
    expect(await remains.workspaces.list()).toContain(stray);
    now += 2 * MINUTE;
    await world.running.syncNow();
    expect(await remains.workspaces.list()).not.toContain(stray);
    expect(remains.workspaces.trash).toEqual([stray]);
  });

  it('no longer follows or routes to a running sandbox that nobody ordered', async () => {
    const id = await newSandbox();
    await world.running.syncNow();
    const orders = remains.store.sandboxes;
    const ofNode = orders.ofNode.bind(orders);
    Object.assign(orders, {
      ofNode: async (node: string) => (await ofNode(node)).filter((row) => row.id !== id),
    });
    await world.running.syncNow();
    now += 11 * MINUTE;
    await world.running.syncNow();
    expect(remains.workspaces.trash).toEqual([id]);
    expect(await remains.engine.list()).toEqual([]);
    expect(world.routes.has(id)).toBe(false);
    expect(world.running.agent.lifecycle.live.has(id)).toBe(false);
  });

  it('is not woken again by a visitor while its node shuts down', async () => {
    const [id, slow] = [await newSandbox(), await newSandbox()];
    const stop = remains.engine.stop.bind(remains.engine);
    const held = Promise.withResolvers<void>();
    remains.engine.stop = async (sandboxId, grace) => {
      if (sandboxId === slow) await held.promise;
      await stop(sandboxId, grace);
    };
    const stopping = world.running.stopAll();
    await expect.poll(() => world.routes.get(id)?.state).toBe('stopped');
    await expect.poll(async () => (await remains.engine.inspect(id)).state).toBe('absent');
    await world.running.agent.wake(id);
    expect((await command(id, 'start')).status).toBe(503);
    held.resolve();
    await stopping;
    expect(await remains.engine.list()).toEqual([]);
  });

  it('puts everything to sleep when its node shuts down', async () => {
    const id = await newSandbox();
    await world.running.stopAll();
    expect(await stored(id)).toBe('stopped');
    expect(await remains.engine.list()).toEqual([]);
    expect(await happened(id, 'sandbox.stopped')).toMatchObject([{ payload: { reason: 'shutdown' } }]);
  });
});
