import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { NO_USAGE } from '../../src/domain/task.ts';
import { SUCCEEDED } from '../fakes/fake-tasks.ts';
import { CONTENT } from '../fakes/fake-snapshots.ts';
import { anEvent, aSnapshot, aTask } from '../fakes/rows.ts';
import { makeRemains, type Remains, type RequestOptions, startWorld, type World } from '../harness/world.ts';

interface Document {
  paths: Record<string, Record<string, { security?: unknown[] }>>;
}

const { paths } = parse(
  await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'),
) as Document;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { security }]) => ({
    route: `${method.toUpperCase()} ${path}`,
    isOpen: security?.length === 0,
  })),
);

/**
 * A request that would succeed for the owner, for every route that names something owned. A new route without a row
 * fails the test below.
 */
const OWNED: Record<
  string,
  Omit<RequestOptions, 'body'> & { body?: object | (() => object); query?: string }
> = {
  'GET /v1/apps/{id}': {},
  'PATCH /v1/apps/{id}': { body: { name: 'stolen' } },
  'DELETE /v1/apps/{id}': {},
  'POST /v1/apps/{id}/sandbox': { body: {} },
  'GET /v1/apps/{id}/events': {},
  'GET /v1/apps/{id}/snapshots': {},
  'GET /v1/apps/{id}/config': {},
  'POST /v1/apps/{id}/config': { body: { key: 'PLANTED', value: 'x', access_policy: 'both' } },
  'PATCH /v1/apps/{id}/config/{key}': { body: { sensitive: false } },
  'DELETE /v1/apps/{id}/config/{key}': {},
  'POST /v1/apps/{id}/restore': { body: () => ({ snapshot_id: snapshot }) },
  'POST /v1/apps/{id}/fork': { body: () => ({ snapshot_id: snapshot }) },
  'GET /v1/snapshots/{id}': {},
  'DELETE /v1/snapshots/{id}': {},
  'GET /v1/sandboxes/{id}': {},
  'PATCH /v1/sandboxes/{id}': { body: { visibility: 'public' } },
  'DELETE /v1/sandboxes/{id}': {},
  'POST /v1/sandboxes/{id}/start': {},
  'POST /v1/sandboxes/{id}/stop': {},
  'POST /v1/sandboxes/{id}/keepalive': { body: { seconds: 60 } },
  'POST /v1/sandboxes/{id}/restart-processes': { body: { scope: 'all' } },
  'POST /v1/sandboxes/{id}/preview-link': { body: {} },
  'POST /v1/sandboxes/{id}/tasks': { body: { prompt: 'Steal it.' } },
  'GET /v1/sandboxes/{id}/tasks': {},
  'GET /v1/sandboxes/{id}/tasks/{taskId}': {},
  'GET /v1/sandboxes/{id}/tasks/{taskId}/events': {},
  'GET /v1/sandboxes/{id}/tasks/{taskId}/log': {},
  'GET /v1/sandboxes/{id}/tasks/{taskId}/diff': {},
  'POST /v1/sandboxes/{id}/tasks/{taskId}/cancel': {},
  'POST /v1/sandboxes/{id}/tasks/{taskId}/revert': {},
  'GET /v1/tasks/{id}/events': {},
  'POST /v1/sandboxes/{id}/exec': { body: { cmd: ['id'] } },
  'GET /v1/sandboxes/{id}/files': {},
  'PUT /v1/sandboxes/{id}/files': { query: '?path=planted', raw: 'x' },
  'DELETE /v1/sandboxes/{id}/files': { query: '?path=secret.txt' },
  'GET /v1/sandboxes/{id}/files/content': { query: '?path=secret.txt' },
  'GET /v1/sandboxes/{id}/export': {},
  'GET /v1/sandboxes/{id}/processes/{name}/logs': {},
  'DELETE /v1/api-keys/{id}': {},
  'GET /v1/webhooks/{id}': {},
  'PATCH /v1/webhooks/{id}': { body: { url: 'https://stolen.test' } },
  'DELETE /v1/webhooks/{id}': {},
  'POST /v1/webhooks/{id}/rotate-secret': {},
  'POST /v1/webhooks/{id}/test': {},
  'GET /v1/webhooks/{id}/deliveries': {},
  'POST /v1/webhooks/{id}/deliveries/{eventId}/retry': {},
};

/** Routes that are about the caller alone; what they may show is tested below. */
const OWN = [
  'GET /metrics',
  'GET /v1/apps',
  'POST /v1/apps',
  'GET /v1/sandboxes',
  'POST /v1/sandboxes',
  'GET /v1/snapshots',
  'POST /v1/snapshots',
  'GET /v1/presets',
  'GET /v1/settings',
  'PATCH /v1/settings',
  'GET /v1/events',
  'GET /v1/agents',
  'POST /v1/agents/{provider}/api-key',
  'POST /v1/agents/{provider}/disconnect',
  'POST /v1/runtime/manifest/validate',
  'GET /v1/api-keys',
  'POST /v1/api-keys',
  'POST /v1/auth/setup',
  'POST /v1/auth/logout',
  'POST /v1/auth/password',
  'GET /v1/audit',
  'GET /v1/webhooks',
  'POST /v1/webhooks',
];

let remains: Remains & AsyncDisposable;
let world: World;
let app = '';
let sandbox = '';
let task = '';
let snapshot = '';
let apiKey = '';
let webhook = '';
let deadEvent = '';

beforeAll(async () => {
  remains = await makeRemains();
  world = await startWorld(remains);
  app = (
    (await (await world.request('POST', '/v1/apps', { body: { name: 'Private' } })).json()) as { id: string }
  ).id;
  await world.request('POST', `/v1/apps/${app}/config`, {
    body: { key: 'PRIVATE_KEY', value: 'Private words.' },
  });
  const made = await world.request('POST', `/v1/apps/${app}/sandbox`);
  sandbox = ((await made.json()) as { id: string }).id;
  await world.request('PUT', `/v1/sandboxes/${sandbox}/files?path=secret.txt`, { raw: 'mine' });
  task = await endedTask();
  snapshot = await readySnapshot();
  const key = await world.request('POST', '/v1/api-keys', { body: { name: 'Private key' } });
  apiKey = ((await key.json()) as { id: string }).id;
  [webhook, deadEvent] = await deadDelivery();
  await world.settled(app);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await remains[Symbol.asyncDispose]();
});

/** A task of the past, as its rows have it: no agent works here. */
async function endedTask(): Promise<string> {
  const { store, newId } = world.ports;
  const row = aTask({ owner: 'acme', appId: app, sandboxId: sandbox, prompt: 'A Private wish.' });
  const outcome = { ...SUCCEEDED, agent_message_final: 'Private words.' };
  await store.commit(
    { kind: 'task.insert', task: row },
    { kind: 'task.end', nodeId: row.nodeId, id: row.id, end: { outcome, usage: NO_USAGE } },
    { kind: 'event', event: anEvent({ id: newId(), owner: 'acme', taskId: row.id, message: 'Private.' }) },
  );
  return row.id;
}

/** A snapshot as its row has it: nothing was captured here. */
async function readySnapshot(): Promise<string> {
  const row = aSnapshot({
    owner: 'acme',
    name: 'Private moment',
    sourceAppId: app,
    sourceSandboxId: sandbox,
    status: 'ready',
    content: CONTENT,
  });
  await world.ports.store.commit({ kind: 'snapshot.insert', snapshot: row });
  return row.id;
}

/** A webhook, and an event that could not be delivered to it. */
async function deadDelivery(): Promise<[string, string]> {
  const { store, newId, clock } = world.ports;
  const body = { url: 'https://private.test/Private', event_types: ['app.updated'] };
  const made = await world.request('POST', '/v1/webhooks', { body });
  const { id } = (await made.json()) as { id: string };
  const event = anEvent({ id: newId(), owner: 'acme', type: 'app.updated', message: 'Private.' });
  await store.commit({ kind: 'event', event });
  const delivery = await store.webhooks.delivery('acme', id, event.id);
  if (delivery === undefined) throw new Error('the event is on its way to nobody');
  await store.commit({ kind: 'delivery.note', delivery: { ...delivery, status: 'dead', endedAt: clock() } });
  return [id, event.id];
}

function call(route: string, as: RequestOptions['as']): Promise<Response> {
  const [method = '', path = ''] = route.split(' ');
  const { query = '', body, ...options } = OWNED[route] ?? {};
  const [, kind = ''] = /^\/v1\/([\w-]+)/.exec(path) ?? [];
  const id =
    { apps: app, tasks: task, snapshots: snapshot, 'api-keys': apiKey, webhooks: webhook }[kind] ?? sandbox;
  const url =
    path
      .replace('{id}', id)
      .replace('{taskId}', task)
      .replace('{eventId}', deadEvent)
      .replace('{name}', 'web')
      .replace('{key}', 'PRIVATE_KEY') + query;
  return world.request(method, url, {
    ...options,
    as,
    body: typeof body === 'function' ? body() : body,
  });
}

/** What a stranger could have read or changed. */
const state = async () =>
  Promise.all([
    world.request('GET', `/v1/apps/${app}`).then((answer) => answer.text()),
    world.request('GET', `/v1/apps/${app}/events`).then((answer) => answer.text()),
    world.request('GET', `/v1/apps/${app}/snapshots`).then((answer) => answer.text()),
    world.request('GET', `/v1/apps/${app}/config`).then((answer) => answer.text()),
    world.request('GET', `/v1/sandboxes/${sandbox}`).then((answer) => answer.text()),
    world.request('GET', `/v1/sandboxes/${sandbox}/tasks`).then((answer) => answer.text()),
    world.request('GET', '/v1/api-keys').then((answer) => answer.text()),
    world.request('GET', '/v1/webhooks').then((answer) => answer.text()),
    world.request('GET', `/v1/webhooks/${webhook}/deliveries`).then((answer) => answer.text()),
    world.request('GET', `/v1/sandboxes/${sandbox}/files?recursive=true`).then((answer) => answer.text()),
  ]);

describe('every route', () => {
  it('has a row here, and every row a route', () => {
    const closed = operations.filter(({ isOpen }) => !isOpen).map(({ route }) => route);
    expect(closed.toSorted()).toEqual([...Object.keys(OWNED), ...OWN].toSorted());
  });

  it.each(operations.filter(({ isOpen }) => !isOpen))('$route wants a token', async ({ route }) => {
    const answer = await call(route, 'nobody');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it.each(Object.keys(OWNED))(
    '%s answers a stranger as if there were nothing, and does nothing',
    async (route) => {
      const before = await state();
      const answer = await call(route, 'rival');
      expect(answer.status).toBe(404);
      const body = await answer.text();
      expect(JSON.parse(body)).toMatchObject({ error: { code: 'not_found' } });
      expect(body).not.toContain('Private');
      expect(await state()).toEqual(before);
    },
  );

  it.each(Object.keys(OWNED))('%s answers the same for an id that never was', async (route) => {
    const theirs = await (await call(route, 'rival')).text();
    const before = [app, sandbox, task, snapshot, apiKey, webhook, deadEvent] as const;
    try {
      app = sandbox = task = snapshot = apiKey = webhook = deadEvent = '01JNEVERWAS000000000000000';
      expect(await (await call(route, 'rival')).text()).toBe(theirs);
    } finally {
      [app, sandbox, task, snapshot, apiKey, webhook, deadEvent] = before;
    }
  });
});

describe('lists', () => {
  it.each(['/v1/apps', '/v1/sandboxes', '/v1/snapshots', '/v1/api-keys', '/v1/webhooks'])(
    '%s shows nothing of another owner',
    async (path) => {
      const answer = await world.request('GET', path, { as: 'rival' });
      expect(answer.status).toBe(200);
      expect(await answer.text()).not.toMatch(
        new RegExp(`${app}|${sandbox}|${snapshot}|${apiKey}|${webhook}`, 'i'),
      );
    },
  );

  it('of agents show nothing of the keys of another owner', async () => {
    const body = { api_key: 'test-key-not-real' };
    const set = await world.request('POST', '/v1/agents/anthropic/api-key', { body });
    expect(set.status).toBe(204);
    const shown = async (as: RequestOptions['as']) =>
      (await world.request('GET', '/v1/agents', { as })).text();
    expect(await shown('acme')).toContain('"id":"anthropic","label":"Anthropic","connected":true');
    expect(await shown('rival')).not.toContain('"connected":true');
    await world.request('POST', '/v1/agents/anthropic/disconnect', { as: 'rival' });
    expect(await shown('acme')).toContain('"connected":true');
  });

  it('of events show nothing of another owner, whatever they are asked about', async () => {
    for (const query of ['', `?app_id=${app}`, `?sandbox_id=${sandbox}`, `?task_id=${task}`]) {
      const answer = await world.request('GET', `/v1/events${query}`, { as: 'rival' });
      expect([query, answer.status]).toEqual([query, 200]);
      expect(await answer.text()).not.toMatch(new RegExp(`Private|${app}|${sandbox}|${snapshot}`, 'i'));
    }
  });

  it('of settings are the same for everybody, and only operators change them', async () => {
    const body = { lifecycle: { idle_reap_enabled: false } };
    const before = await (await world.request('GET', '/v1/settings')).text();
    expect(await (await world.request('GET', '/v1/settings', { as: 'rival' })).text()).toBe(before);
    expect((await world.request('PATCH', '/v1/settings', { as: 'rival', body })).status).toBe(403);
    expect(await (await world.request('GET', '/v1/settings')).text()).toBe(before);
  });

  it('of what was asked for show another owner’s to operators alone', async () => {
    const own = await world.request('GET', '/v1/audit?limit=200', { as: 'rival' });
    const { entries } = (await own.json()) as { entries: { owner?: string }[] };
    expect(new Set(entries.map(({ owner }) => owner))).toEqual(new Set(['rival']));
    const asked = await world.request('GET', '/v1/audit?owner=acme', { as: 'rival' });
    expect(asked.status).toBe(403);
    expect(await asked.text()).toContain('SANDBOXD_OPERATORS');
  });

  it("another owner's snapshot is none to make anything of, named by somebody's own", async () => {
    const own = (await (
      await world.request('POST', '/v1/apps', { as: 'rival', body: { name: 'Mine' } })
    ).json()) as { id: string };
    const before = await state();
    for (const [path, body] of [
      [`/v1/apps/${own.id}/restore`, { snapshot_id: snapshot }],
      [`/v1/apps/${own.id}/fork`, { snapshot_id: snapshot }],
      ['/v1/sandboxes', { project: { id: 'theft', user_id: 'u' }, from_snapshot: snapshot }],
      ['/v1/snapshots', { source_sandbox_id: sandbox, name: 'Stolen', live: true }],
    ] as const) {
      const answer = await world.request('POST', path, { as: 'rival', body });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).not.toContain('Private');
    }
    expect(await state()).toEqual(before);
  });

  it("another owner's project of the same name is another project", async () => {
    const body = { project: { id: 'same', user_id: 'same' } };
    const mine = await world.request('POST', '/v1/sandboxes', { body });
    const theirs = await world.request('POST', '/v1/sandboxes', { body, as: 'rival' });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
  });
});
