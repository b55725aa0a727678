import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  cannedUpstream,
  type Harness,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  previewHost,
  readReply,
  SANDBOX,
  standstill,
  startHarness,
  tcpServer,
  until,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;

beforeEach(async () => {
  harness = owned.own(await startHarness({}, { limits: { halfOpenMs: 1000 } }));
});
afterEach(() => owned.end());

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

async function route(server: { readonly port: number }): Promise<string> {
  harness.route(liveRoute([server.port]));
  return previewHost(server.port);
}

/** Waits for so many more reports. */
async function expectReports(more: number): Promise<void> {
  const before = harness.traffic.length;
  await until(() => harness.traffic.length >= before + more, 'reports');
}

const latest = () => harness.traffic.findLast((traffic) => traffic.sandboxId === SANDBOX);

/** A WebSocket server that sends every message back. */
async function echoServer() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  owned.own({
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { server, host: await route(server.address() as { port: number }) };
}

async function openWebSocket(host: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${harness.port}/hmr?token=1`, 'vite-hmr', {
    headers: { host },
  });
  await once(socket, 'open');
  owned.own({
    [Symbol.asyncDispose]: async () => socket.terminate(),
  });
  return socket;
}

const upgradeHead = (host: string) =>
  `GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;

function rawClient(): { socket: Socket; text: () => string } {
  const socket = connect({ port: harness.port, host: '127.0.0.1', allowHalfOpen: true });
  const pieces: Buffer[] = [];
  // Tests cut connections on purpose.
  socket.on('data', (piece) => pieces.push(piece)).on('error', () => undefined);
  owned.own({ [Symbol.asyncDispose]: async () => void socket.destroy() });
  return { socket, text: () => Buffer.concat(pieces).toString('latin1') };
}

describe('a WebSocket', () => {
  it('carries messages both ways, with its protocol and its close code', async () => {
    const { server, host } = await echoServer();
    const closed = new Promise((resolve) => {
      server.on('connection', (socket) => socket.on('close', (code) => resolve(code)));
    });
    const socket = await openWebSocket(host);
    expect(socket.protocol).toBe('vite-hmr');
    const message = Buffer.alloc(3_000_000, 'm');
    socket.send(message);
    const [echoed] = await once(socket, 'message');
    expect(message.equals(echoed)).toBe(true);
    const left = once(socket, 'close');
    socket.close(4001);
    expect(await closed).toBe(4001);
    await left;
  });

  it('stays open while routes change, its own and those of others', async () => {
    const { server, host } = await echoServer();
    const socket = await openWebSocket(host);
    const { port } = server.address() as { port: number };
    harness.route(liveRoute([port], { progress: 'x' }));
    harness.route(liveRoute([port], { state: 'paused' }));
    harness.route(liveRoute([port]));
    harness.route(liveRoute([port], { sandboxId: OTHER_SANDBOX }));
    harness.proxy.apply({ type: 'remove', sandboxId: OTHER_SANDBOX });
    socket.send('still there');
    expect(String((await once(socket, 'message'))[0])).toBe('still there');
  });

  it('may be silent for longer than a connection that asks nothing', async () => {
    harness = owned.own(await startHarness({}, { limits: { clientSilenceMs: 1000 } }));
    const { host } = await echoServer();
    const socket = await openWebSocket(host);
    const idle = connect(harness.port, '127.0.0.1');
    await once(idle.resume(), 'close');
    socket.send('here');
    expect(String((await once(socket, 'message'))[0])).toBe('here');
  });

  it('ends when its sandbox does', async () => {
    const { server, host } = await echoServer();
    const socket = await openWebSocket(host);
    harness.route(liveRoute([(server.address() as { port: number }).port], { state: 'stopped' }));
    expect((await once(socket, 'close'))[0]).toBe(1006);
  });

  it('ends when the proxy closes', async () => {
    const { host } = await echoServer();
    const socket = await openWebSocket(host);
    const [[code]] = await Promise.all([once(socket, 'close'), harness[Symbol.asyncDispose]()]);
    expect(code).toBe(1006);
  });

  it('keeps what either side said early', async () => {
    let heard = '';
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.once('data', () => {
          socket.on('data', (bytes) => (heard += bytes));
          socket.write(`${SWITCH}\r\nearly from upstream`);
        });
      }),
    );
    const { socket, text } = rawClient();
    socket.write(`${upgradeHead(await route(upstream))}early from client`);
    await expect
      .poll(() => [heard, text().split('\r\n\r\n')[1]])
      .toEqual(['early from client', 'early from upstream']);
  });

  it('keeps the other half when one is closed, until that falls silent', async () => {
    let heard = '';
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.once('data', () => {
          socket.on('data', (bytes) => (heard += bytes));
          socket.on('end', () => socket.write('after your end'));
          socket.write(`${SWITCH}\r\n`);
        });
      }),
    );
    const { socket, text } = rawClient();
    socket.write(upgradeHead(await route(upstream)));
    await until(() => text().includes('\r\n\r\n'), 'the switch');
    socket.end('last words');
    await expect.poll(() => [heard, text().split('\r\n\r\n')[1]]).toEqual(['last words', 'after your end']);
    await expect.poll(() => socket.readableEnded || socket.destroyed).toBe(true);
  });

  it('delivers everything before an orderly end', async () => {
    const size = 20_000_000;
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.once('data', () => {
          socket.write(`${SWITCH}\r\n`);
          socket.end(Buffer.alloc(size, 'x'));
        });
      }),
    );
    const { socket, text } = rawClient();
    socket.write(upgradeHead(await route(upstream)));
    await once(socket, 'end');
    expect(text().length).toBeGreaterThan(size);
  });

  it('paces its sender', async () => {
    let sent = 0;
    const piece = Buffer.alloc(64 * 1024);
    const upstream = owned.own(
      await tcpServer((socket) => {
        const pump = () => {
          do sent += piece.length;
          while (sent < 1e9 && socket.write(piece));
        };
        socket.once('data', () => socket.write(`${SWITCH}\r\n`, pump)).on('drain', pump);
      }),
    );
    const { socket } = rawClient();
    socket.pause().write(upgradeHead(await route(upstream)));
    await standstill(() => sent);
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it('sees a refusal as the app gave it', async () => {
    const upstream = owned.own(
      await cannedUpstream('HTTP/1.1 403 No\r\nX-Why: z\r\nContent-Length: 4\r\n\r\nnope'),
    );
    const host = await route(upstream);
    const sent = request({
      port: harness.port,
      host: '127.0.0.1',
      headers: { host, connection: 'Upgrade', upgrade: 'websocket' },
    }).end();
    const [response] = await once(sent, 'response');
    expect(await readReply(response)).toMatchObject({ status: 403, body: 'nope', headers: { 'x-why': 'z' } });
  });

  it('sees a refusal of any size', async () => {
    const size = 10_000_000;
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 404 No\r\nContent-Length: ${size}\r\n\r\n`);
          socket.write(Buffer.alloc(size, 'x'));
        });
      }),
    );
    const { socket, text } = rawClient();
    socket.write(upgradeHead(await route(upstream)));
    await once(socket, 'end');
    expect(text().length).toBeGreaterThan(size);
  });

  it.each([
    ['a switch that is no HTTP', 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nX: \0\r\n\r\n'],
    ['a switch that does not say so', 'HTTP/1.1 101 x\r\n\r\n'],
    ['a switch in the chunked coding', `${SWITCH}Transfer-Encoding: chunked\r\n\r\n`],
  ])('is a 502 for %s', async (_what, answer) => {
    const upstream = owned.own(await cannedUpstream(answer));
    const { socket, text } = rawClient();
    socket.write(upgradeHead(await route(upstream)));
    await once(socket, 'end');
    expect(text()).toMatch(/^HTTP\/1\.1 502 /);
  });

  it('survives resets from either side at any moment', async () => {
    for (const answer of ['', 'HTTP/1.1 1', `${SWITCH}\r\n`, `${SWITCH}\r\nx`]) {
      const upstream = owned.own(
        await tcpServer((socket) => {
          socket.once('data', () => {
            socket.write(answer);
            setImmediate(() => socket.resetAndDestroy());
          });
        }),
      );
      const host = await route(upstream);
      const first = rawClient();
      first.socket.write(upgradeHead(host));
      await new Promise((resolve) => first.socket.once('close', resolve).once('end', resolve));
      const second = rawClient();
      second.socket.write(upgradeHead(host), () => second.socket.resetAndDestroy());
      await new Promise((resolve) => second.socket.once('close', resolve));
    }
    const { host } = await echoServer();
    const socket = await openWebSocket(host);
    socket.send('alive');
    expect(String((await once(socket, 'message'))[0])).toBe('alive');
  });
});

describe('an upgrade', () => {
  it('to anything but a WebSocket is an ordinary request', async () => {
    const upstream = owned.own(await cannedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    const { socket, text } = rawClient();
    const host = await route(upstream);
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`,
    );
    await expect.poll(text).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
  });

  it('behind an unanswered request is an ordinary request', async () => {
    const upstream = owned.own(await cannedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    const { socket, text } = rawClient();
    const host = await route(upstream);
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n${upgradeHead(host)}`);
    await expect.poll(() => text().match(/HTTP\/1\.1 200 /g)?.length).toBe(2);
  });

  it('does not wake a sandbox', async () => {
    harness.route({ ...liveRoute([3000]), state: 'stopped' });
    const { socket, text } = rawClient();
    socket.write(upgradeHead(previewHost(3000)));
    await once(socket, 'end');
    expect(text()).toMatch(/^HTTP\/1\.1 503 /);
    expect(harness.wakes).toEqual([]);
  });
});

describe('an open WebSocket', () => {
  it('keeps its sandbox awake only while its client speaks', async () => {
    let now = 1000;
    harness = owned.own(
      await startHarness({}, { limits: { reportMs: 20, socketActiveMs: 200 }, clocks: { wall: () => now } }),
    );
    const { host } = await echoServer();
    const socket = await openWebSocket(host);
    await until(() => latest() !== undefined, 'a first report');
    expect(latest()).toMatchObject({ inFlight: 0, lastRequestAt: 0, requests: 1 });
    socket.send('hello');
    await until(() => latest()?.inFlight === 1, 'it to count');
    expect(latest()?.lastRequestAt).toBe(1000);
    now += 199;
    await expectReports(3);
    expect(latest()?.inFlight).toBe(1);
    now += 1;
    await until(() => latest()?.inFlight === 0, 'it to count no more');
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });
});
