import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import type { Env } from './context.ts';
import { edgePeer, isLocalPeer, peerAddress, type PeerSource, proxiedPeer } from './peer.ts';

/** What is made of a request with these headers. */
async function seen(source: PeerSource, headers: Record<string, string>): Promise<unknown> {
  const { ports } = apiWorld();
  const app = new Hono<Env>()
    .use(async (c, next) => {
      c.set('ports', ports);
      c.set('peer', source(c));
      await next();
    })
    .get('/', (c) => c.json([peerAddress(c) ?? null, isLocalPeer(c)]));
  return (await app.request('/', { headers })).json();
}

const LOCAL = { host: 'localhost:8080' };

describe('where a request came from', () => {
  it.each([
    ['127.0.0.1', 'localhost:8080', ['127.0.0.1', true]],
    ['::1', '[::1]:8080', ['::1', true]],
    ['127.9.9.9', '127.0.0.1', ['127.9.9.9', true]],
    ['127.0.0.1', 'evil.example', ['127.0.0.1', false]],
    ['127.0.0.1;forwarded', 'localhost', ['127.0.0.1', false]],
    ['203.0.113.9', 'localhost', ['203.0.113.9', false]],
    ['127.0.0.1.evil.example', 'localhost', ['127.0.0.1.evil.example', false]],
    ['unknown', 'localhost', ['unknown', false]],
  ])('behind our proxy that says %j, asked as %s', async (peer, host, expected) => {
    expect(await seen(proxiedPeer, { host, 'x-sandboxd-peer': peer })).toEqual(expected);
  });

  it('is not known of what does not come through the proxy', async () => {
    expect(await seen(proxiedPeer, { ...LOCAL, 'cf-connecting-ip': '127.0.0.1' })).toEqual([null, false]);
  });

  it('at the edge is what the platform says, and never this machine', async () => {
    const headers = { ...LOCAL, 'x-sandboxd-peer': '127.0.0.1' };
    expect(await seen(edgePeer, headers)).toEqual([null, false]);
    const known = { ...headers, 'cf-connecting-ip': '203.0.113.9' };
    expect(await seen(edgePeer, known)).toEqual(['203.0.113.9', false]);
    expect(await seen(edgePeer, { ...headers, 'cf-connecting-ip': '127.0.0.1' })).toEqual([
      '127.0.0.1',
      false,
    ]);
  });
});
