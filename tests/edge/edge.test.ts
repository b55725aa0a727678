import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEdge } from '../../scripts/build-edge.ts';
import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import { openRemoteStore } from '../../src/adapters/libsql/remote.ts';
import { credentialContext } from '../../src/domain/credential.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import { PRESETS } from '../../src/domain/preset.ts';
import { signedHeaders } from '../../src/domain/webhook-signature.ts';
import { NO_USAGE } from '../../src/domain/task.ts';
import { type HranaServer, startHranaServer } from '../doubles/hrana-server.ts';
import { SUCCEEDED } from '../fakes/fake-tasks.ts';
import { anEvent, aTask } from '../fakes/rows.ts';
import { startReceiver } from '../harness/receiver.ts';
import { startWorker, type Worker } from './worker.ts';

const DATABASE_TOKEN = 'database-token';
const ALICE = 'alice-secret-token';
const MALLORY = 'mallory-secret-token';
const BINDINGS = {
  SANDBOXD_DATABASE_TOKEN: DATABASE_TOKEN,
  SANDBOXD_DOMAIN: 'example.com',
  SANDBOXD_PREVIEW_TLS: 'false',
  SANDBOXD_PREVIEW_KEY: Buffer.alloc(32, 7).toString('base64'),
  SANDBOXD_SECRETS_KEY: Buffer.alloc(32, 8).toString('base64'),
  SANDBOXD_WEBHOOKS_TO_PRIVATE: 'true',
  SANDBOXD_OPERATORS: 'alice',
  SANDBOXD_EVENT_RETENTION_DAYS: '7',
  SANDBOXD_API_TOKENS: `alice:${ALICE},mallory:${MALLORY}`,
};

const cleanup = new AsyncDisposableStack();
let directory: string;
let bundle: string;
beforeAll(async () => {
  directory = cleanup.use(await mkdtempDisposable(join(tmpdir(), 'edge-'))).path;
  bundle = join(directory, 'edge.js');
  await buildEdge(bundle);
});
afterAll(() => cleanup.disposeAsync());

const as = (token: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
});
const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe('The bundle', () => {
  it('asks nothing of Node, and stays small', async () => {
    const code = await readFile(bundle, 'utf8');
    expect(code).not.toMatch(/["']node:/);
    expect(code).not.toMatch(/\brequire\(["']/);
    const { gzipped } = await buildEdge(bundle);
    expect(gzipped).toBeLessThan(256 * 1024);
  });
});

describe('A Worker', () => {
  let database: HranaServer;
  let worker: Worker;
  beforeAll(async () => {
    database = cleanup.use(
      await startHranaServer({ path: join(directory, 'remote.db'), token: DATABASE_TOKEN }),
    );
    worker = cleanup.use(await startWorker(bundle, { ...BINDINGS, SANDBOXD_DATABASE_URL: database.url }));
  });
  const ask = (path: string, init?: RequestInit) =>
    fetch(worker.origin + path, { redirect: 'manual', ...init });
  /** The same database, without the Worker. */
  const remote = () => openRemoteStore({ url: database.url, token: DATABASE_TOKEN });
  /** The status of an answer, and what it says of a manifest. */
  const validate = async (manifest: string) => {
    const answer = await ask('/v1/runtime/manifest/validate', as(ALICE, post({ manifest })));
    return [answer.status, ((await answer.json()) as { valid: boolean }).valid];
  };
  const listNames = async (token: string) => {
    const { apps } = (await (await ask('/v1/apps', as(token))).json()) as { apps: { name: string }[] };
    return apps.map(({ name }) => name);
  };

  it('says that it lives without asking the database', async () => {
    const response = await ask('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(database.requests()).toBe(0);
  });

  it('names requests, and takes nobody for a program on its own machine', async () => {
    const headers = { 'x-request-id': 'mine', 'x-sandboxd-peer': '127.0.0.1', 'x-real-ip': '127.0.0.1' };
    const response = await ask('/metrics', { headers });
    expect([response.status, await codeOf(response)]).toEqual([401, 'unauthorized']);
    expect(response.headers.get('x-request-id')).toBe('mine');
  });

  it('brings an empty database up to date while many first requests come at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `App ${index}`);
    const responses = await Promise.all(names.map((name) => ask('/v1/apps', as(ALICE, post({ name })))));
    expect(responses.map(({ status }) => status)).toEqual(names.map(() => 201));
    expect((await listNames(ALICE)).toSorted()).toEqual(names.toSorted());
    expect(await listNames(MALLORY)).toEqual([]);
  });

  it('lists the presets, to those it knows', async () => {
    const response = await ask('/v1/presets', as(ALICE));
    const { presets } = (await response.json()) as { presets: { id: string }[] };
    expect(presets.map(({ id }) => id)).toEqual(PRESETS.map(({ id }) => id));
    for (const init of [undefined, as('somebody-elses-token')]) {
      const refused = await ask('/v1/presets', init);
      expect([refused.status, await codeOf(refused)]).toEqual([401, 'unauthorized']);
    }
  });

  it('validates a manifest, a hostile one too', async () => {
    expect(await validate('version: 1\nweb: {port: 8080}')).toEqual([200, true]);
    for (const unit of ['[', '&a ', 'a: {']) expect(await validate(unit.repeat(4000))).toEqual([200, false]);
  });

  it("keeps an owner's app from others", async () => {
    const created = await ask('/v1/apps', as(ALICE, post({ name: 'Private' })));
    const { id } = (await created.json()) as { id: string };
    expect((await ask(`/v1/apps/${id}`, as(ALICE))).status).toBe(200);
    const stranger = await ask(`/v1/apps/${id}`, as(MALLORY));
    expect([stranger.status, await codeOf(stranger)]).toEqual([404, 'not_found']);
  });

  it('asks the database anew for every request, and leaves nothing open there', async () => {
    for (let round = 0; round < 30; round += 1) expect((await ask('/v1/apps', as(ALICE))).status).toBe(200);
    expect(database.openStreams()).toBe(0);
  });

  it('refuses a sandbox as long as no node is enrolled, and is not ready', async () => {
    const created = await ask('/v1/apps', as(ALICE, post({ name: 'Nowhere to run' })));
    const { id } = (await created.json()) as { id: string };
    const refused = await ask(`/v1/apps/${id}/sandbox`, as(ALICE, post({})));
    expect([refused.status, await codeOf(refused)]).toEqual([503, 'node_unavailable']);
    expect((await ask('/readyz')).status).toBe(503);
  });

  it('seals the key of a provider before the database sees it', async () => {
    const body = { api_key: 'test-key-not-real' };
    expect((await ask('/v1/agents/openai/api-key', as(ALICE, post(body)))).status).toBe(204);
    const { providers } = (await (await ask('/v1/agents', as(ALICE))).json()) as {
      providers: { id: string; connected: boolean }[];
    };
    expect(providers.filter(({ connected }) => connected).map(({ id }) => id)).toEqual(['openai']);
    const sealed = await remote().credentials.find('alice', 'openai');
    expect.assert(sealed !== undefined);
    const vault = secretBox({ current: BINDINGS.SANDBOXD_SECRETS_KEY, previous: [] });
    expect(await vault.open(sealed.sealed, credentialContext('alice', 'openai'))).toBe(body.api_key);
    for (const name of await readdir(directory))
      expect((await readFile(join(directory, name))).includes(body.api_key)).toBe(false);
  });

  it('keeps settings, and drops what is out of date when its hour has come', async () => {
    const change = { lifecycle: { idle_threshold_seconds: 600 } };
    const headers = as(ALICE).headers;
    const patched = await ask('/v1/settings', { method: 'PATCH', body: JSON.stringify(change), headers });
    expect(patched.status).toBe(200);
    expect(await remote().settings.lifecycle()).toEqual({ idleThresholdSeconds: 600 });
    const weekAgo = Date.now() - 7 * 24 * 3600 * 1000;
    const event = anEvent({ owner: 'alice', id: ulidSource(() => weekAgo - 1000)() });
    await remote().commit({ kind: 'event', event });
    expect(await remote().events.hasBefore(weekAgo)).toBe(true);
    await worker.runScheduled('23 * * * *');
    expect(await remote().events.hasBefore(weekAgo)).toBe(false);
    expect(await remote().events.list('alice', { limit: 1 })).toHaveLength(1);
  });

  it('carries a create with a key out once', async () => {
    const create = async () => {
      const headers = { authorization: `Bearer ${ALICE}`, 'idempotency-key': 'edge' };
      const answer = await ask('/v1/apps', { ...post({ name: 'Only once' }), headers });
      return [answer.status, await answer.text()];
    };
    const [first, ...others] = await Promise.all([create(), create(), create()]);
    expect(first?.[0]).toBe(201);
    expect(others).toEqual([first, first]);
    expect((await listNames(ALICE)).filter((name) => name === 'Only once')).toHaveLength(1);
  });

  it('tells how a task ended, as a stream too', async () => {
    const task = aTask({ owner: 'alice' });
    const end = { outcome: SUCCEEDED, usage: NO_USAGE };
    await remote().commit(
      { kind: 'task.insert', task },
      { kind: 'task.end', nodeId: task.nodeId, id: task.id, end },
    );
    const path = `/v1/sandboxes/${task.sandboxId}/tasks/${task.id}`;
    expect(await (await ask(path, as(ALICE))).json()).toMatchObject({ status: 'succeeded', build_ok: true });
    const stream = await ask(`${path}/events`, as(ALICE));
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(await stream.text()).toMatch(/^event: done\ndata: \{.*"status":"succeeded".*\}\nid: 1\n\n$/);
    expect((await ask(path, as(MALLORY))).status).toBe(404);
  });

  it('sends webhooks when the minute strikes, signed, and notes what came of it', async () => {
    await using receiver = await startReceiver();
    const made = await ask(
      '/v1/webhooks',
      as(ALICE, post({ url: receiver.origin, event_types: ['app.created'] })),
    );
    const { id, secret } = (await made.json()) as { id: string; secret: string };
    const test = await ask(`/v1/webhooks/${id}/test`, as(ALICE, post({})));
    expect(await test.json()).toEqual({ delivered: true, http_status: 204 });
    await ask('/v1/apps', as(ALICE, post({ name: 'News' })));
    await worker.runScheduled('* * * * *');
    const { headers = {}, body = '' } = receiver.received[1] ?? {};
    expect(JSON.parse(body)).toMatchObject({
      type: 'app.created',
      data: { message: 'App "News" was created.' },
    });
    const signed = {
      id: String(headers['webhook-id']),
      timestamp: Number(headers['webhook-timestamp']),
      body,
    };
    expect(headers).toMatchObject(await signedHeaders([secret], signed));
    const listed = await ask(`/v1/webhooks/${id}/deliveries`, as(ALICE));
    expect(await listed.json()).toMatchObject({
      deliveries: [{ status: 'delivered', last_http_status: 204 }],
    });
    await worker.runScheduled('* * * * *');
    expect(receiver.received).toHaveLength(2);
  });

  it('shows the console to who signs in', async () => {
    expect((await ask('/')).headers.get('location')).toBe('/login');
    const form = new URLSearchParams({ token: ALICE });
    const signedIn = await ask('/login', { method: 'POST', body: form, headers: { origin: worker.origin } });
    expect(signedIn.status).toBe(303);
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = await ask('/', { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    const html = await page.text();
    expect(html).toContain('Nowhere to run');
    const asset = /\/assets\/[\w.-]+\.css/.exec(html)?.[0] ?? '';
    expect((await ask(asset)).headers.get('content-type')).toMatch(/^text\/css/);
  });

  it('refuses a form that another site sends', async () => {
    const form = new URLSearchParams({ token: ALICE });
    const origin = 'https://evil.example';
    const response = await ask('/login', { method: 'POST', body: form, headers: { origin } });
    expect(response.status).toBe(403);
  });
});

describe('Two Workers', () => {
  it('may meet an empty database at the same moment', async () => {
    await using database = await startHranaServer({ path: join(directory, 'shared.db') });
    const bindings = { ...BINDINGS, SANDBOXD_DATABASE_URL: database.url };
    await using one = await startWorker(bundle, bindings);
    await using two = await startWorker(bundle, bindings);
    const requests = [one, two, one, two].map(({ origin }) =>
      fetch(`${origin}/v1/apps`, as(ALICE, post({ name: 'App' }))),
    );
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const { apps } = (await (await fetch(`${two.origin}/v1/apps`, as(ALICE))).json()) as { apps: unknown[] };
    expect(apps).toHaveLength(4);
  });
});

describe('A Worker that cannot serve', () => {
  it('says so while its database is away, and recovers', async () => {
    const path = join(directory, 'away.db');
    const { url, ...database } = await startHranaServer({ path });
    await using worker = await startWorker(bundle, { ...BINDINGS, SANDBOXD_DATABASE_URL: url });
    await database[Symbol.asyncDispose]();
    const refused = await fetch(`${worker.origin}/v1/apps`, as(ALICE));
    expect([refused.status, await codeOf(refused)]).toEqual([503, 'unavailable']);
    expect((await fetch(`${worker.origin}/healthz`)).status).toBe(200);
    await using _back = await startHranaServer({ path, port: Number(new URL(url).port) });
    expect((await fetch(`${worker.origin}/v1/apps`, as(ALICE))).status).toBe(200);
  });

  it('says so when it is not configured, and tells its operator what is missing', async () => {
    await using worker = await startWorker(bundle, { SANDBOXD_DOMAIN: 'example.com' });
    const response = await fetch(`${worker.origin}/v1/apps`, as(ALICE));
    expect([response.status, await codeOf(response)]).toEqual([503, 'unavailable']);
    await expect.poll(() => worker.logged.join('\n')).toContain('SANDBOXD_PREVIEW_KEY is not set');
  });
});
