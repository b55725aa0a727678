import { beforeAll, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../tests/fakes/api-world.ts';
import { createApiKey } from '../domain/api-key-commands.ts';
import { DEFAULT_OWNER } from '../domain/identity.ts';
import { noMetricsPage } from '../domain/metrics.ts';
import { createApp } from '../app.ts';
import { edgePeer } from './peer.ts';

describe('GET /metrics', () => {
  let world: ApiWorld;
  let operator: string;
  let other: string;

  beforeAll(async () => {
    world = apiWorld();
    operator = (await createApiKey(world.ports, DEFAULT_OWNER, { name: 'monitoring' })).token;
    other = (await createApiKey(world.ports, 'acme', { name: 'theirs' })).token;
    // So that there is something to tell.
    await world.app.request('/healthz');
  });

  const local = { host: 'localhost:8080', 'x-sandboxd-peer': '127.0.0.1' };

  it.each([
    ['a program on this machine', () => local, 200],
    ['a stranger', () => ({ ...local, 'x-sandboxd-peer': '203.0.113.9' }), 401],
    ['a page in a browser on this machine', () => ({ ...local, host: 'rebound.example' }), 401],
    [
      'a stranger behind a front on this machine',
      () => ({ ...local, 'x-sandboxd-peer': '127.0.0.1;forwarded' }),
      401,
    ],
    ['nobody knows who', () => ({ host: 'localhost' }), 401],
    ['a false token', () => ({ authorization: 'Bearer false' }), 401],
    ['an owner who is no operator', () => ({ authorization: `Bearer ${other}` }), 403],
    ['an operator from anywhere', () => ({ authorization: `Bearer ${operator}` }), 200],
  ] as const)('%s', async (_, headers, status) => {
    const response = await world.app.request('/metrics', { headers: headers() });
    expect(response.status).toBe(status);
    const isShown = (await response.text()).includes('http_requests_total');
    expect([response.headers.get('content-type')?.split(';')[0], isShown]).toEqual(
      status === 200 ? ['text/plain', true] : ['application/json', false],
    );
  });

  it('counts requests by the pattern of their route', async () => {
    const own = apiWorld();
    await own.app.request('/v1/apps/01JSOMEAPP0000000000000000');
    await own.app.request('/v1/apps/another');
    expect(own.metrics.counts).toEqual(
      new Map([['http_requests_total{"method":"GET","route":"/v1/apps/:id","status":"401"}', 2]]),
    );
    const timed = 'http_request_duration_seconds{"method":"GET","route":"/v1/apps/:id"}';
    expect(own.metrics.durations.get(timed)).toHaveLength(2);
  });

  it('says at the edge that nothing is counted', async () => {
    const ports = { ...world.ports, metricsPage: noMetricsPage };
    const headers = { authorization: `Bearer ${operator}` };
    const response = await createApp(() => ports, edgePeer).request('/metrics', { headers });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'unavailable' } });
  });
});
