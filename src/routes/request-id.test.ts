import { describe, expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';

const MADE = /^[0-9a-f-]{36}$/;

describe('the id of a request', () => {
  it.each(['a', 'Trace_1.2-3', 'x'.repeat(64)])(
    'is the one its client gives, when that is one: %s',
    async (id) => {
      const { app, logged } = apiWorld();
      const response = await app.request('/v1/apps', { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toBe(id);
      expect(logged.map(({ fields }) => fields['requestId'])).toEqual([id]);
    },
  );

  it.each(['', 'two words', 'x'.repeat(65), 'ü', '"', 'a/b'])(
    'is made when the one given is none: %j',
    async (id) => {
      const { app } = apiWorld();
      const response = await app.request('/healthz', { headers: { 'x-request-id': encodeURI(id) } });
      expect(response.headers.get('x-request-id')).toMatch(MADE);
    },
  );

  it('is there also when nobody is found, and in every line that the request makes', async () => {
    const world = apiWorld();
    const response = await world.app.request('/nowhere');
    expect(response.headers.get('x-request-id')).toMatch(MADE);
    world.node.reachable = false;
    const headers = { 'x-request-id': 'the-one' };
    expect((await world.app.request('/readyz', { headers })).status).toBe(503);
    const ours = world.logged.filter(({ fields }) => fields['requestId'] === 'the-one');
    expect(ours.map(({ message }) => message)).toEqual(['not ready', 'Not ready.', 'request']);
  });
});

describe('the line about a request', () => {
  it.each([
    ['GET', '/healthz', { level: 'debug', method: 'GET', route: '/healthz', status: 200 }],
    ['GET', '/v1/apps?token=fake-secret', { level: 'info', method: 'GET', route: '/v1/apps', status: 401 }],
    ['GET', '/login/fake-secret', { level: 'debug', method: 'GET', route: '/login/:secret', status: 200 }],
    ['GET', '/fake-secret', { level: 'info', method: 'GET', route: '/*', status: 404 }],
    ['POST', '/v1/apps', { level: 'info', method: 'POST', route: '/v1/apps', status: 401 }],
    [
      'DELETE',
      '/v1/apps/fake-secret',
      { level: 'info', method: 'DELETE', route: '/v1/apps/:id', status: 401 },
    ],
  ])('%s %s', async (method, path, { level, ...fields }) => {
    const { app, logged } = apiWorld();
    await app.request(path, { method });
    expect(logged).toEqual([
      expect.objectContaining({ level, message: 'request', fields: expect.objectContaining(fields) }),
    ]);
    expect(JSON.stringify(logged)).not.toContain('fake-secret');
  });

  it('says whose it was, and how long it took', async () => {
    const { app, logged } = apiWorld({ auth: 'off' });
    const body = JSON.stringify({ name: 'Fake app' });
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const response = await app.request('/v1/apps', { method: 'POST', headers, body });
    expect(response.status).toBe(201);
    const fields = { owner: 'default', route: '/v1/apps', status: 201, ms: expect.any(Number) };
    expect(logged.at(-1)).toMatchObject({ level: 'info', message: 'request', fields });
  });
});
