import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { probe } from './probe.ts';

interface Site extends AsyncDisposable {
  readonly port: number;
}

async function listen(server: Server): Promise<Site> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const site = (answer: RequestListener) => listen(createHttpServer(answer));
const raw = (bytes: string) => listen(createServer((socket) => void socket.on('error', () => {}).end(bytes)));
const look = (port: number, ms = 3000, healthPath = '/') =>
  probe({ host: '127.0.0.1', port, healthPath }, AbortSignal.timeout(ms));

/** A Vite app: its page always answers, its entry module as given. */
const vite = (status: number, type: string) =>
  site(({ url }, response) => {
    const isEntry = url === '/src/main.tsx';
    const scripts = ['/@vite/client', '/src/main.tsx'].map(
      (src) => `<script type="module" src="${src}"></script>`,
    );
    response.writeHead(isEntry ? status : 200, { 'content-type': isEntry ? type : 'text/html' });
    response.end(scripts.join(''));
  });

describe('a probe', () => {
  it.each([
    [200, { ok: true, status: 200 }],
    [204, { ok: false, status: 204 }],
    [404, { ok: false, status: 404 }],
    [500, { ok: false, status: 500 }],
  ])('of an app that answers %i', async (status, outcome) => {
    await using app = await site((_, response) => void response.writeHead(status).end());
    expect(await look(app.port)).toEqual(outcome);
  });

  it('asks for the health path, as a local host would', async () => {
    const seen: (string | undefined)[] = [];
    await using app = await site(({ url, headers, method }, response) => {
      seen.push(method, url, headers.host);
      response.end();
    });
    await look(app.port, 3000, '/health?deep=1');
    expect(seen).toEqual(['GET', '/health?deep=1', `localhost:${app.port}`]);
  });

  it('does not follow a redirect', async () => {
    let requests = 0;
    await using app = await site((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await look(app.port)).toEqual({ ok: false, status: 302 });
    expect(requests).toBe(1);
  });

  it.each([
    ['serves its entry module', 200, 'text/javascript', true],
    ['fails to compile its entry module', 500, 'text/javascript', false],
    ['has no entry module and answers with its page', 200, 'text/html', false],
  ])('of a Vite app that %s', async (_, status, type, ok) => {
    await using app = await vite(status, type);
    expect(await look(app.port)).toEqual({ ok, status: 200 });
  });

  it.each([
    [
      'an endless page',
      'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n' + 'x'.repeat(300_000),
      { ok: true, status: 200 },
    ],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH\r\n', { ok: false }],
    ['a connection that is closed at once', '', { ok: false }],
    [
      'a page that breaks off',
      'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 99\r\n\r\nx',
      { ok: false },
    ],
  ])('of %s', async (_, bytes, outcome) => {
    await using app = await raw(bytes);
    expect(await look(app.port)).toEqual(outcome);
  });

  it('does not read a body that it has no use for', async () => {
    await using app = await site((_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).write('never ends');
    });
    expect(await look(app.port)).toEqual({ ok: true, status: 200 });
  });

  it('ends with its signal when nothing answers', async () => {
    await using app = await site(() => {});
    expect(await look(app.port, 50)).toEqual({ ok: false });
  });

  it('of an app that only its own machine reaches', async () => {
    await using app = await site((_, response) => void response.writeHead(500).end());
    const target = { host: '127.0.0.2', port: app.port, healthPath: '/' };
    expect(await probe(target, AbortSignal.timeout(3000))).toEqual({ ok: false, isHidden: true });
  });

  it('of a port that nobody listens on', async () => {
    const app = await raw('');
    await app[Symbol.asyncDispose]();
    expect(await look(app.port)).toEqual({ ok: false });
  });
});
