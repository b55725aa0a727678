import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, makeAuthority } from '../../../tests/harness/elsewhere/authority.ts';
import type { OutboundProxy } from '../../domain/outbound.ts';
import { DIRECT, type World, makeWorld, steadyProvider } from './testing/world.ts';
import { WayOut } from './way-out.ts';

const CHAT = '/v1/chat/completions';

describe('the way out to a provider', () => {
  let authority: Authority;
  let scope = new AsyncDisposableStack();
  beforeAll(async () => {
    authority = await makeAuthority(['DNS:models.test', 'IP:127.0.0.1']);
  });
  afterAll(() => authority[Symbol.asyncDispose]());
  afterEach(async () => {
    await scope.disposeAsync();
    scope = new AsyncDisposableStack();
  });

  const listening = async (server: ReturnType<typeof createServer>): Promise<number> => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    scope.defer(async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
    return (server.address() as AddressInfo).port;
  };

  const secureProvider = () =>
    listening(createSecureServer(authority.tls, (_, outgoing) => outgoing.end('{"secure":true}')));

  /** A forward proxy that leads everything to one port, and remembers what it was asked for. */
  const forwardProxy = async (port: number): Promise<{ url: string; asked: string[] }> => {
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      outgoing.end('{"forwarded":true}');
    });
    server.on('connect', (incoming, socket: Socket) => {
      asked.push(`CONNECT ${incoming.url}`);
      const beyond = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      for (const one of [socket, beyond]) sockets.add(one.on('error', () => {}));
      socket.pipe(beyond).pipe(socket);
    });
    const proxyPort = await listening(server);
    scope.defer(() => sockets.forEach((socket) => socket.destroy()));
    return { url: `http://127.0.0.1:${proxyPort}`, asked };
  };

  const opened = async (
    baseUrl: string,
    outboundProxy: OutboundProxy = {},
    caFile: string | undefined = authority.file,
  ): Promise<World> => scope.use(await makeWorld(baseUrl, { outbound: { caFile, outboundProxy } }));

  it("trusts the operator's certificates", async () => {
    const world = await opened(`https://127.0.0.1:${await secureProvider()}/v1`);
    expect(await world.ask(CHAT)).toMatchObject({ status: 200, body: '{"secure":true}' });
  });

  it('somebody stands between the node and the provider with a certificate of their own: nothing is sent', async () => {
    const baseUrl = `https://127.0.0.1:${await secureProvider()}/v1`;
    const world = scope.use(await makeWorld(baseUrl, { outbound: DIRECT }));
    const { status, body } = await world.ask(CHAT);
    expect(status).toBe(502);
    expect(body).toContain('could not be reached (UNABLE_TO_');
  });

  it("leads through the operator's proxy, inside of which the key is not seen", async () => {
    const proxy = await forwardProxy(await secureProvider());
    const world = await opened('https://models.test/v1', { https: proxy.url, none: '127.0.0.1' });
    expect(await world.ask(CHAT)).toMatchObject({ status: 200, body: '{"secure":true}' });
    expect(proxy.asked).toEqual(['CONNECT models.test:443']);
  });

  it('leads to plain services through the other proxy', async () => {
    const proxy = await forwardProxy(1);
    const world = await opened('http://models.test/v1', { http: proxy.url });
    expect(await world.ask(CHAT)).toMatchObject({ status: 200, body: '{"forwarded":true}' });
    expect(proxy.asked).toEqual([`POST http://models.test${CHAT}`]);
  });

  it('does not send what is for https through the proxy for http', async () => {
    const port = await secureProvider();
    const proxy = await forwardProxy(port);
    const world = await opened(`https://127.0.0.1:${port}/v1`, { http: proxy.url });
    expect((await world.ask(CHAT)).status).toBe(200);
    expect(proxy.asked).toEqual([]);
  });

  it('leads past the proxy to what the operator excepts', async () => {
    const provider = scope.use(await steadyProvider(200, {}, '{"direct":true}'));
    const proxy = await forwardProxy(1);
    const world = await opened(provider.baseUrl, {
      http: proxy.url,
      https: proxy.url,
      none: 'a.test,127.0.0.1',
    });
    expect((await world.ask(CHAT)).body).toBe('{"direct":true}');
    expect(proxy.asked).toEqual([]);
  });

  it('cannot be taken with certificates that are not there', () => {
    expect(() => new WayOut({ caFile: '/no/such/file.pem', outboundProxy: {} })).toThrow('ENOENT');
  });
});
