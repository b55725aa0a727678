import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/domain/api-key-commands.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import { issueLoginLink } from '../../src/domain/auth.ts';
import { createAdminApp } from '../../src/routes/admin/index.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';
import { HOST, signedInVisitor, stranger } from '../fakes/visitor.ts';

const SECRET = 'test-secret-not-real';
const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const never = () => Promise.reject(new Error('nobody asked for that'));

const entries = (world: ApiWorld, owner?: string): Promise<AuditEntry[]> =>
  world.ports.store.audit.list({ limit: 200, ...(owner !== undefined && { owner }) });

const keyOf = async (world: ApiWorld, owner = 'acme') => createApiKey(world.ports, owner, { name: 'laptop' });

interface Asked {
  readonly bearer?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const ask = async (world: ApiWorld, method: string, path: string, { bearer, body, headers }: Asked = {}) =>
  world.app.request(path, {
    method,
    headers: { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

describe('a request that may change something', () => {
  it('is kept: whose, by what, what, from where, and how it was answered', async () => {
    const world = apiWorld();
    const { token, key } = await keyOf(world);
    const headers = { 'x-sandboxd-peer': '203.0.113.9', 'x-request-id': 'ask-1' };
    const made = await ask(world, 'POST', '/v1/apps', { bearer: token, body: { name: 'Shop' }, headers });
    const { id } = (await made.json()) as { id: string };
    await ask(world, 'PATCH', `/v1/apps/${id.toLowerCase()}`, { bearer: token, body: { name: '' } });
    const actor = { kind: 'api-key', id: key.id, name: 'laptop' };
    expect(await entries(world)).toEqual([
      expect.objectContaining({
        owner: 'acme',
        actor,
        action: 'PATCH /v1/apps/:id',
        target: { id },
        status: 400,
      }),
      {
        id: expect.any(String),
        owner: 'acme',
        actor,
        action: 'POST /v1/apps',
        target: { id },
        status: 201,
        requestId: 'ask-1',
        address: '203.0.113.9',
        at: world.ports.clock(),
      },
    ]);
  });

  it.each([
    [
      'PATCH',
      '/v1/settings',
      { lifecycle: { idle_threshold_seconds: 600 } },
      { fields: 'idle_threshold_seconds' },
    ],
    // What names nothing may be a secret, in a place where none belongs.
    ['POST', `/v1/apps/${ID}/config`, { key: SECRET, value: SECRET }, { id: ID }],
    ['PATCH', `/v1/apps/${ID}/config/${SECRET}`, { value: SECRET }, { id: ID }],
    ['DELETE', `/v1/sandboxes/${ID}/files?path=${SECRET}`, undefined, { id: ID }],
    ['POST', `/v1/agents/${SECRET}/api-key`, { api_key: [SECRET] }, {}],
    ['POST', `/v1/apps/${ID}/restore`, { snapshot_id: ID.toLowerCase() }, { id: ID, snapshotId: ID }],
    ['POST', `/v1/apps/${ID}/restore`, { snapshot_id: SECRET }, { id: ID }],
    ['POST', '/v1/agents/openai/disconnect', undefined, { provider: 'openai' }],
    ['POST', '/v1/agents/%E0%A4%A/disconnect', undefined, {}],
  ])('names what it is about: %s %s with %j', async (method, path, body, target) => {
    const world = apiWorld();
    await ask(world, method, path, { bearer: (await keyOf(world, 'default')).token, body });
    expect((await entries(world))[0]?.target).toEqual(target);
  });

  it('names keys of config, whatever they hold', async () => {
    const world = apiWorld();
    const bearer = (await keyOf(world)).token;
    const made = await ask(world, 'POST', '/v1/apps', { bearer, body: { name: 'Shop' } });
    const { id } = (await made.json()) as { id: string };
    const at = `/v1/apps/${id}/config`;
    for (const value of [SECRET, 'another'])
      await ask(world, 'POST', at, { bearer, body: { key: 'A/B', value } });
    await ask(world, 'DELETE', `${at}/A%2FB`, { bearer });
    const kept = (await entries(world)).map(({ status, target }) => ({ status, target }));
    const target = { id, key: 'A/B' };
    expect(kept.slice(0, 3)).toEqual([204, 409, 201].map((status) => ({ status, target })));
  });

  it.each([
    ['GET', '/v1/apps'],
    ['HEAD', '/v1/apps'],
    ['GET', '/v1/audit'],
  ])('is not %s %s', async (method, path) => {
    const world = apiWorld();
    await ask(world, method, path, { bearer: (await keyOf(world)).token });
    expect(await entries(world)).toEqual([]);
  });

  it('is kept also when it was refused, as nobody’s where nobody was recognised', async () => {
    const world = apiWorld();
    await ask(world, 'POST', '/v1/apps', { bearer: 'sbx_wrong' });
    await ask(world, 'DELETE', '/v1/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV', {
      headers: { host: HOST, origin: 'https://evil.example' },
    });
    await ask(world, 'POST', '/no/such/route');
    const known = (await entries(world)).map(({ owner, actor, action, status }) => [
      owner,
      actor.kind,
      action,
      status,
    ]);
    expect(known).toEqual([
      [undefined, 'unknown', 'POST /*', 404],
      [undefined, 'unknown', 'DELETE /v1/apps/:id', 403],
      [undefined, 'unknown', 'POST /v1/apps', 401],
    ]);
  });

  it('of a stranger is kept twenty times a minute, and not told the others apart in the log', async () => {
    const world = apiWorld();
    for (let time = 0; time < 50; time += 1) await ask(world, 'POST', '/v1/apps');
    expect(await entries(world)).toHaveLength(20);
    expect(world.logged.filter(({ message }) => message.includes('left out'))).toHaveLength(30);
    await ask(world, 'POST', '/v1/apps', { bearer: (await keyOf(world)).token, body: { name: 'Shop' } });
    expect(await entries(world, 'acme')).toHaveLength(1);
    world.advance(60_000);
    await ask(world, 'POST', '/v1/apps');
    expect(await entries(world)).toHaveLength(22);
  });

  it('in the console is by a session, whose beginning and end are kept as well', async () => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    await visitor.post('/apps', { name: 'Shop' });
    await visitor.post('/logout');
    const kept = (await entries(world)).map(({ owner, actor, action, target, status }) => ({
      owner,
      kind: actor.kind,
      action,
      target,
      status,
    }));
    const mine = { owner: 'default', kind: 'session', target: {}, status: 303 };
    expect(kept).toEqual([
      { ...mine, action: 'POST /logout' },
      { ...mine, action: 'POST /apps', target: { id: expect.any(String) } },
      { ...mine, action: 'POST /login/:secret' },
    ]);
  });

  it('on the command line is kept as such, and nobody’s', async () => {
    const world = apiWorld();
    const app = createAdminApp(world.ports, {
      pid: 1,
      shutDown: () => undefined,
      backup: () => new Blob([]).stream(),
      collectGarbage: never,
      rotateSecrets: never,
    });
    const body = JSON.stringify({ name: 'CI', owner: 'acme' });
    const { id } = (await (await app.request('/admin/tokens', { method: 'POST', body })).json()) as {
      id: string;
    };
    await app.request('/admin/login-link', { method: 'POST', body: '{"recover":true}' });
    expect(await entries(world)).toMatchObject([
      { actor: { kind: 'command-line' }, action: 'POST /admin/login-link', target: { recover: 'true' } },
      {
        actor: { kind: 'command-line' },
        action: 'POST /admin/tokens',
        target: { id, name: 'CI', owner: 'acme' },
        status: 201,
      },
    ]);
    const shown = await (await app.request('/admin/audit?limit=1')).json();
    expect(shown).toMatchObject({ entries: [{ action: 'POST /admin/login-link', status: 201 }] });
    const theirs = await (await app.request('/admin/audit?owner=acme')).json();
    expect(theirs).toEqual({ entries: [] });
  });

  it('is answered as ever where it cannot be kept, and the log says so', async () => {
    const world = apiWorld();
    const { token } = await keyOf(world);
    const { store } = world.ports;
    const commit = store.commit.bind(store);
    const failing: typeof commit = (...changes) =>
      changes.some(({ kind }) => kind === 'audit')
        ? Promise.reject(new Error('disk I/O error'))
        : commit(...changes);
    Object.assign(world.ports.store, { commit: failing });
    const answer = await ask(world, 'POST', '/v1/apps', { bearer: token, body: { name: 'Shop' } });
    expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ name: 'Shop' })]);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ message: 'a request was not recorded in the audit log' }),
    );
  });
});

describe('no value is kept', () => {
  it.each([
    ['POST', '/v1/agents/anthropic/api-key', { api_key: SECRET }],
    ['POST', '/v1/apps', { name: SECRET, description: SECRET, tags: [SECRET] }],
    ['POST', '/v1/apps', `{"name": "${SECRET}`],
    ['POST', `/v1/apps?token=${SECRET}`, { name: 'Shop' }],
    ['POST', '/v1/auth/setup', { password: SECRET }],
    ['POST', '/v1/auth/login', { password: SECRET }],
    ['POST', '/v1/auth/password', { current_password: SECRET, new_password: SECRET }],
    ['POST', `/login/${SECRET}`, undefined],
    ['POST', '/login', `token=${SECRET}`],
    ['POST', '/login', `password=${SECRET}`],
    ['DELETE', `/v1/api-keys/sbx_${SECRET}`, undefined],
    ['POST', `/${SECRET}/nothing`, undefined],
  ])('of %s %s with %j', async (method, path, body) => {
    const world = apiWorld();
    const bearer = (await keyOf(world, 'default')).token;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `sandboxd_session=${SECRET}`,
    };
    await ask(world, method, path, { bearer, body, headers });
    const kept = await entries(world);
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toMatch(new RegExp(`${SECRET}|${bearer.slice(8)}`));
  });

  it('of a login link that works, or of the session it opens', async () => {
    const world = apiWorld();
    const secret = await issueLoginLink(world.ports);
    const entered = await stranger(world).post(`/login/${secret}`);
    const session = /=([\w-]+);/.exec(entered.headers.get('set-cookie') ?? '')?.[1] ?? '';
    const kept = JSON.stringify(await entries(world));
    expect([kept.includes(secret), kept.includes(session)]).toEqual([false, false]);
  });
});

/** One request each of two owners. */
async function busy(): Promise<{ world: ApiWorld; tokens: Record<string, string> }> {
  const world = apiWorld();
  const tokens: Record<string, string> = {};
  for (const owner of ['acme', 'default']) {
    tokens[owner] = (await keyOf(world, owner)).token;
    await ask(world, 'POST', '/v1/apps', { bearer: tokens[owner], body: { name: owner } });
  }
  await ask(world, 'POST', '/v1/apps');
  return { world, tokens };
}

describe('the log', () => {
  it.each([
    ['acme', '', 200, ['acme']],
    ['acme', '?owner=acme', 200, ['acme']],
    ['acme', '?owner=default', 403, undefined],
    ['default', '', 200, [undefined, 'default', 'acme']],
    ['default', '?owner=acme', 200, ['acme']],
    ['default', '?limit=0', 400, undefined],
    ['default', '?before=nonsense', 400, undefined],
  ])('shows %s who asks with "%s" what it may see', async (owner, query, status, owners) => {
    const { world, tokens } = await busy();
    const answer = await ask(world, 'GET', `/v1/audit${query}`, { bearer: tokens[owner] ?? '' });
    const body = (await answer.json()) as { entries?: { owner?: string }[] };
    expect([answer.status, body.entries?.map((entry) => entry.owner)]).toEqual([status, owners]);
  });

  it('is read in pages', async () => {
    const { world, tokens } = await busy();
    const read = async (query: string) =>
      (await ask(world, 'GET', `/v1/audit${query}`, { bearer: tokens['default'] ?? '' })).json() as Promise<{
        entries: { action: string; created_at: string }[];
        next_before?: string;
      }>;
    const first = await read('?limit=2');
    expect(first.entries).toHaveLength(2);
    expect(first.entries[0]?.created_at).toBe('2030-01-02T03:04:05.000Z');
    const second = await read(`?limit=2&before=${first.next_before}`);
    expect([second.entries.length, second.next_before]).toEqual([1, undefined]);
  });
});
