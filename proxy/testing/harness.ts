import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type RequestOptions,
} from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxyOptions, Route, Traffic } from '../../src/domain/routing.ts';
import { openProxy, type PreviewProxy, type ProxySettings } from '../proxy.ts';

export const SANDBOX = '01JAXAMP1E0000000000000000';
export const OTHER_SANDBOX = '01JAXAMP1E0000000000000001';
export const PREVIEW_KEY = Buffer.alloc(32, 7).toString('base64');
export const CONSOLE_ORIGIN = 'http://console.localhost:8080';

export const proxyOptions = (options: Partial<ProxyOptions> = {}): ProxyOptions => ({
  host: '127.0.0.1',
  port: 0,
  domain: 'localhost',
  tls: false,
  consoleOrigins: [CONSOLE_ORIGIN],
  consoleSocket: '/nonexistent/console.sock',
  previewKey: PREVIEW_KEY,
  holdLimitMs: 2000,
  ...options,
});

export const previewHost = (port: number, sandboxId = SANDBOX) =>
  `s-${sandboxId.toLowerCase()}-${port}.preview.localhost`;

/** What a test has opened, ended in reverse order by `afterEach`. */
export class Owned {
  readonly #things: AsyncDisposable[] = [];

  /** Takes over the end of `thing`. */
  own<T extends AsyncDisposable>(thing: T): T {
    this.#things.push(thing);
    return thing;
  }

  async end(): Promise<void> {
    for (const thing of this.#things.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
  }
}

/** A live, public route to `ports` on loopback. */
export const liveRoute = (ports: number[], route: Partial<Route> = {}): Route => ({
  sandboxId: SANDBOX,
  generation: 1,
  state: 'live',
  address: '127.0.0.1',
  ports,
  visibility: 'public',
  ...route,
});

export interface Harness extends AsyncDisposable {
  readonly proxy: PreviewProxy;
  readonly port: number;
  /** Sandbox ids, in the order their waking was asked for. */
  readonly wakes: string[];
  readonly traffic: Traffic[];
  route(route: Route): void;
}

export async function startHarness(
  options: Partial<ProxyOptions> = {},
  settings: ProxySettings = {},
): Promise<Harness> {
  const wakes: string[] = [];
  const traffic: Traffic[] = [];
  const proxy = await openProxy(
    proxyOptions(options),
    { onWake: (id) => wakes.push(id), onTraffic: (reports) => traffic.push(...reports) },
    { ...settings, limits: { closeMs: 100, ...settings.limits } },
  );
  return {
    proxy,
    port: proxy.port,
    wakes,
    traffic,
    route: (route) => proxy.apply({ type: 'route', route }),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** A TCP server that ends, with every connection, when it is disposed of. */
export interface TcpServer extends AsyncDisposable {
  readonly port: number;
  /** Every connection ever accepted. */
  readonly sockets: Socket[];
}

/** A TCP server on a free loopback port whose every connection is the test's. */
export async function tcpServer(onSocket: (socket: Socket, index: number) => void): Promise<TcpServer> {
  const server = createTcpServer({ allowHalfOpen: true });
  return listening(server, onSocket);
}

/** A `node:http` server on a free loopback port, or on a Unix socket. */
export async function httpServer(
  listener: Parameters<typeof createServer>[1] & object,
  path?: string,
): Promise<TcpServer> {
  return listening(createServer(listener), () => undefined, path);
}

async function listening(
  server: Server,
  onSocket: (socket: Socket, index: number) => void,
  path?: string,
): Promise<TcpServer> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    // Tests cut connections on purpose.
    socket.on('error', () => undefined);
    onSocket(socket, sockets.push(socket) - 1);
  });
  const ready = once(server, 'listening');
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await ready;
  return {
    port: path === undefined ? (server.address() as AddressInfo).port : 0,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An upstream that answers whatever arrives with the same bytes (Latin-1), and then does `after`. */
export function cannedUpstream(
  bytes: string,
  after: (socket: Socket) => void = () => undefined,
): Promise<TcpServer> {
  return tcpServer((socket) => {
    socket.on('data', () => {
      socket.write(bytes, 'latin1');
      after(socket);
    });
  });
}

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the response ended before it was complete. */
  readonly cut: boolean;
}

export type Visit = RequestOptions & { readonly host: string; readonly body?: string | Buffer };

/** One request by a well-behaved client, on a connection of its own. Status 0 when it was cut without a response. */
export async function visit(port: number, { host, body, headers, ...options }: Visit): Promise<Reply> {
  const sent = request({
    ...options,
    port,
    host: '127.0.0.1',
    agent: false,
    headers: { host, ...(headers as Record<string, string>) },
  });
  sent.end(body);
  const response = await new Promise<IncomingMessage | undefined>((resolve) => {
    sent.once('response', resolve).on('error', () => resolve(undefined));
  });
  return response === undefined ? NO_REPLY : readReply(response);
}

const NO_REPLY: Reply = { status: 0, reason: '', headers: {}, body: '', cut: true };

export async function readReply(response: IncomingMessage): Promise<Reply> {
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece));
  // A response that is cut ends in an error as well as in 'close'.
  response.on('error', () => undefined);
  await new Promise((resolve) => response.once('close', resolve));
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    headers: response.headers,
    body: Buffer.concat(pieces).toString('latin1'),
    cut: !response.complete,
  };
}

/** Sends exactly these bytes and returns everything that comes back until the connection ends. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  // A reset is one of the ways in which a connection may end.
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(pieces).toString('latin1');
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'proxy-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Polls until `condition` holds. @throws after 15 seconds */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The value at which a counter comes to rest. */
export async function standstill(count: () => number): Promise<number> {
  let before = -1;
  let calm = 0;
  await until(() => {
    calm = count() === before && before > 0 ? calm + 1 : 0;
    before = count();
    return calm > 20;
  }, 'the counter to come to rest');
  return before;
}
