import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/domain/api-key-commands.ts';
import { MAX_API_KEYS } from '../../src/domain/api-key.ts';
import { hashSecret } from '../../src/domain/auth.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';

const DAY = 24 * 3600 * 1000;
/** When the world begins. */
const NOW = Date.UTC(2030, 0, 2, 3, 4, 5);

interface Key {
  id: string;
  name: string;
  prefix: string;
  token: string;
  created_at: string;
  last_used_at?: string;
  expires_at?: string;
}

/** Somebody with a key of an owner. */
async function caller(world: ApiWorld, owner = 'acme') {
  const { token, key } = await createApiKey(world.ports, owner, { name: 'laptop' });
  return { key, token, ask: as(world, token) };
}

const as = (world: ApiWorld, token: string) => async (method: string, path: string, body?: unknown) =>
  world.app.request(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const events = (world: ApiWorld, owner = 'acme') => world.ports.store.events.list(owner, { limit: 50 });

describe('a new API key', () => {
  it('is shown once, works at once, and is kept as a hash', async () => {
    const world = apiWorld();
    const { ask } = await caller(world);
    const made = await ask('POST', '/v1/api-keys', { name: '  CI  ' });
    expect(made.status).toBe(201);
    const { token, ...shown } = (await made.json()) as Key;
    expect(token).toMatch(/^sbx_[\w-]{43}$/);
    expect(shown).toEqual({
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      name: 'CI',
      prefix: token.slice(0, 8),
      created_at: '2030-01-02T03:04:05.000Z',
    });
    const list = await as(world, token)('GET', '/v1/api-keys');
    const text = await list.text();
    expect((JSON.parse(text) as { api_keys: Key[] }).api_keys.map(({ name }) => name)).toEqual([
      'CI',
      'laptop',
    ]);
    expect(text).not.toContain(token.slice(8));
    expect(text).not.toContain(await hashSecret(token));
  });

  it('is made once, and told again to who repeats the request', async () => {
    const world = apiWorld();
    const { token } = await caller(world);
    const ask = async () =>
      world.app.request('/v1/api-keys', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'once' },
        body: JSON.stringify({ name: 'CI' }),
      });
    const [first, again] = [await ask(), await ask()];
    expect(await again.text()).toBe(await first.text());
    expect(await world.ports.store.identity.tokens('acme')).toHaveLength(2);
  });

  it('is told of in the timeline, by its name and how it begins', async () => {
    const world = apiWorld();
    const { ask } = await caller(world);
    const { id, token, prefix } = (await (await ask('POST', '/v1/api-keys', { name: 'CI' })).json()) as Key;
    await ask('DELETE', `/v1/api-keys/${id.toLowerCase()}`);
    const [revoked, created] = await events(world);
    expect([revoked?.type, created?.type]).toEqual(['api_key.revoked', 'api_key.created']);
    expect([revoked?.payload, created?.payload]).toEqual([
      { name: 'CI', prefix },
      { name: 'CI', prefix },
    ]);
    expect(JSON.stringify([revoked, created])).not.toContain(token.slice(8));
  });

  it.each([
    [{ name: 'a', expires_in_days: 1 }, NOW + DAY],
    [{ name: 'a', expires_in_days: 3650 }, NOW + 3650 * DAY],
    [{ name: 'a', expires_at: '2030-02-01T00:00:00Z' }, Date.UTC(2030, 1, 1)],
    [{ name: 'a', expires_at: '2030-02-01T00:00:00.500+02:00' }, Date.UTC(2030, 0, 31, 22, 0, 0, 500)],
    [{ name: 'a' }, undefined],
  ])('of %j ends when it says', async (body, at) => {
    const { ask } = await caller(apiWorld());
    const made = (await (await ask('POST', '/v1/api-keys', body)).json()) as Key;
    expect(made.expires_at).toBe(at === undefined ? undefined : new Date(at).toISOString());
  });

  it.each([
    [{}, 'name: is required'],
    [{ name: ' ' }, 'name: must say what the key is for'],
    [{ name: 'x'.repeat(101) }, 'name: must be at most 100'],
    [{ name: 'a\nb' }, 'name: must not contain control characters'],
    [{ name: 'a', expires_in_days: 0 }, 'expires_in_days: must be a whole number of days from 1 to 3650'],
    [{ name: 'a', expires_in_days: 3651 }, 'expires_in_days: '],
    [{ name: 'a', expires_in_days: 1.5 }, 'expires_in_days: '],
    [{ name: 'a', expires_in_days: '7' }, 'expires_in_days: '],
    [{ name: 'a', expires_at: 'tomorrow' }, 'expires_at: must be a time like'],
    [{ name: 'a', expires_at: '2030-01-02T03:04:05Z' }, 'expires_at: must be a time that lies ahead'],
    [{ name: 'a', expires_at: '2050-01-01T00:00:00Z' }, 'expires_at: must be a time that lies ahead'],
    [{ name: 'a', expires_in_days: 1, expires_at: '2030-02-01T00:00:00Z' }, 'expires_at: give either'],
  ])('of %j is refused by the field’s name', async (body, says) => {
    const world = apiWorld();
    const { ask } = await caller(world);
    const answer = await ask('POST', '/v1/api-keys', body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(says)]);
    expect(await world.ports.store.identity.tokens('acme')).toHaveLength(1);
  });

  it('is refused where there are more than anybody can tell apart', async () => {
    const world = apiWorld();
    const { ask, key } = await caller(world);
    const others = Array.from({ length: MAX_API_KEYS - 1 }, (_, at) => ({
      kind: 'token.insert' as const,
      token: { ...key, id: world.ports.newId(), hash: `hash-${at}` },
    }));
    await world.ports.store.commit(...others);
    const answer = await ask('POST', '/v1/api-keys', { name: 'one too many' });
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringContaining('Revoke some')]);
  });
});

describe('an API key', () => {
  it('is worth nothing from the moment it expires', async () => {
    const world = apiWorld();
    const { ask } = await caller(world);
    const body = { name: 'short', expires_in_days: 1 };
    const { token } = (await (await ask('POST', '/v1/api-keys', body)).json()) as Key;
    world.advance(DAY - 1);
    expect((await as(world, token)('GET', '/v1/apps')).status).toBe(200);
    world.advance(1);
    expect((await as(world, token)('GET', '/v1/apps')).status).toBe(401);
    expect(await (await ask('GET', '/v1/api-keys')).text()).toContain('"name":"short"');
  });

  it('can revoke itself', async () => {
    const world = apiWorld();
    const { ask, key } = await caller(world);
    expect((await ask('DELETE', `/v1/api-keys/${key.id}`)).status).toBe(204);
    expect((await ask('GET', '/v1/apps')).status).toBe(401);
  });

  it('of somebody else is none, and stays', async () => {
    const world = apiWorld();
    const mine = await caller(world);
    const rival = await caller(world, 'rival');
    expect((await rival.ask('DELETE', `/v1/api-keys/${mine.key.id}`)).status).toBe(404);
    expect((await mine.ask('GET', '/v1/apps')).status).toBe(200);
    expect(await events(world, 'rival')).toHaveLength(1);
  });

  it('shows when it was used, to the minute', async () => {
    const world = apiWorld();
    const { ask, key } = await caller(world);
    const used = async () => (await world.ports.store.identity.tokens('acme'))[0]?.lastUsedAt;
    expect(await used()).toBeUndefined();
    await ask('GET', '/v1/apps');
    expect(await used()).toBe(NOW);
    world.advance(59_999);
    await ask('GET', '/v1/apps');
    expect(await used()).toBe(NOW);
    world.advance(1);
    await ask('GET', '/v1/apps');
    expect(await used()).toBe(NOW + 60_000);
    expect(await (await ask('GET', '/v1/api-keys')).text()).toContain('"last_used_at":"2030-01-02T03:05:05');
    expect(key.lastUsedAt).toBeUndefined();
  });

  it.each([
    ['fails', () => Promise.reject(new Error('disk I/O error'))],
    ['takes for ever', () => new Promise<void>(() => undefined)],
  ])('lets its owner in also where noting that %s', async (_, commit) => {
    const world = apiWorld();
    const { ask } = await caller(world);
    Object.assign(world.ports.store, { commit });
    expect((await ask('GET', '/v1/apps')).status).toBe(200);
  });
});
