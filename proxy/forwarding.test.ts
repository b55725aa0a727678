import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cannedUpstream,
  CONSOLE_ORIGIN,
  type Harness,
  httpServer,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  previewHost,
  readReply,
  SANDBOX,
  sendRaw,
  startHarness,
  tcpServer,
  until,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;

beforeEach(async () => {
  harness = owned.own(await startHarness());
});
afterEach(() => owned.end());

/** An upstream that answers 200 and keeps the head of each request it gets, as text. */
async function recorder() {
  const heads: string[] = [];
  const server = owned.own(
    await tcpServer((socket) => {
      socket.on('data', (bytes) => {
        heads.push(bytes.toString('latin1'));
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    }),
  );
  harness.route(liveRoute([server.port]));
  return { heads, server, host: previewHost(server.port) };
}

/** A GET whose response has begun. */
async function begin(host: string): Promise<IncomingMessage> {
  const sent = request({ port: harness.port, host: '127.0.0.1', agent: false, headers: { host } });
  const [response] = await once(sent.end(), 'response');
  return response;
}

describe('a request', () => {
  it('arrives as it was sent, but for what belongs to the proxy', async () => {
    const { heads, host } = await recorder();
    const sent = [
      `Host: ${host}:8080`,
      'X-Odd-CASE:  kept \xe9',
      'Cookie: a=1; b=2',
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Anything: spoofed',
      'X-Real-IP: 6.6.6.6',
      'X-Sandboxd-Peer: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'Connection: close, X-Hop',
      'X-Hop: gone',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Proxy-Connection: close',
      'Upgrade: h2c',
    ];
    await sendRaw(harness.port, `GET /%7Ea//b/../c?q=1&q=%2F#x HTTP/1.1\r\n${sent.join('\r\n')}\r\n\r\n`);
    expect(heads[0]?.split('\r\n')).toEqual([
      'GET /%7Ea//b/../c?q=1&q=%2F#x HTTP/1.1',
      `Host: ${host}:8080`,
      'X-Odd-CASE: kept \xe9',
      'Cookie: a=1; b=2',
      'Connection: keep-alive',
      'X-Forwarded-For: 127.0.0.1',
      `X-Forwarded-Host: ${host}:8080`,
      'X-Forwarded-Proto: http',
      '',
      '',
    ]);
  });

  it('keeps its framing when a header asks for that to be dropped', async () => {
    const { heads, host } = await recorder();
    const head = `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close, content-length, host\r\nContent-Length: 4\r\n\r\n`;
    await sendRaw(harness.port, `${head}body`);
    await until(() => heads.join('').endsWith('body'), 'the body');
    expect(heads.join('')).toContain('Content-Length: 4\r\n');
    expect(heads.join('')).toContain(`Host: ${host}\r\n`);
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    '%s carries its body in either framing',
    async (method) => {
      const echo = owned.own(
        await httpServer((req, res) => {
          res.setHeader('x-framing', req.headers['transfer-encoding'] ?? req.headers['content-length'] ?? '');
          req.pipe(res);
        }),
      );
      harness.route(liveRoute([echo.port]));
      const host = previewHost(echo.port);
      const counted = await visit(harness.port, {
        host,
        method,
        body: 'hello',
        headers: { 'content-length': '5' },
      });
      expect(counted).toMatchObject({ status: 200, body: 'hello', headers: { 'x-framing': '5' } });
      const chunked = await visit(harness.port, {
        host,
        method,
        body: 'hello',
        headers: { 'transfer-encoding': 'chunked' },
      });
      expect(chunked).toMatchObject({ status: 200, body: 'hello', headers: { 'x-framing': 'chunked' } });
    },
  );

  it('may take its time to be sent', async () => {
    const hurried = owned.own(await startHarness({}, { limits: { responseHeadMs: 1000 } }));
    const app = owned.own(await httpServer((req, res) => req.resume().on('end', () => res.end('all'))));
    hurried.route(liveRoute([app.port]));
    const sent = request({
      port: hurried.port,
      host: '127.0.0.1',
      method: 'POST',
      agent: false,
      headers: { host: previewHost(app.port), 'content-length': '50' },
    });
    let pieces = 0;
    const timer = setInterval(() => {
      sent.write('x');
      if (++pieces === 50) clearInterval(timer);
    }, 30);
    const [response] = await once(sent, 'response');
    expect(await readReply(response)).toMatchObject({ status: 200, body: 'all' });
  });

  it('that waits to be told to send its body is told so', async () => {
    const echo = owned.own(await httpServer((req, res) => req.pipe(res)));
    harness.route(liveRoute([echo.port]));
    const sent = request({
      port: harness.port,
      host: '127.0.0.1',
      method: 'POST',
      agent: false,
      headers: { host: previewHost(echo.port), expect: '100-continue', 'content-length': '4' },
    });
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end('body');
    const [response] = await once(sent, 'response');
    expect(String(await once(response, 'data'))).toBe('body');
  });
});

describe('a response', () => {
  it('keeps what is end-to-end and loses what is not', async () => {
    const lines = [
      'X-Odd-CASE: kept',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Connection: X-Hop',
      'X-Hop: gone',
    ];
    const hop = [
      'Keep-Alive: timeout=1',
      'Proxy-Authenticate: x',
      'Upgrade: h2c',
      'Date: then',
      'Content-Length: 0',
    ];
    const upstream = owned.own(
      await cannedUpstream(`HTTP/1.1 299 Odd\r\n${[...lines, ...hop].join('\r\n')}\r\n\r\n`),
    );
    harness.route(liveRoute([upstream.port]));
    const host = previewHost(upstream.port);
    const answer = await sendRaw(
      harness.port,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.split('\r\n')).toEqual([
      'HTTP/1.1 299 Odd',
      'X-Odd-CASE: kept',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Date: then',
      'Content-Length: 0',
      `Content-Security-Policy: frame-ancestors 'self' ${CONSOLE_ORIGIN}`,
      'Connection: close',
      '',
      '',
    ]);
  });

  it.each([
    ['X-Frame-Options', 'DENY'],
    ['content-security-policy', "default-src *; Frame-Ancestors 'none'"],
  ])('decides itself who may frame it with %s', async (name, value) => {
    const upstream = owned.own(await httpServer((_req, res) => res.setHeader(name, value).end()));
    harness.route(liveRoute([upstream.port]));
    const { headers } = await visit(harness.port, { host: previewHost(upstream.port) });
    expect(headers['content-security-policy'] ?? '').not.toContain(CONSOLE_ORIGIN);
  });

  it('keeps its own policy when that says nothing of framing', async () => {
    const upstream = owned.own(
      await httpServer((_req, res) => res.setHeader('Content-Security-Policy', "default-src 'self'").end()),
    );
    harness.route(liveRoute([upstream.port]));
    const { headers } = await visit(harness.port, { host: previewHost(upstream.port) });
    expect(headers['content-security-policy']).toBe(
      `default-src 'self', frame-ancestors 'self' ${CONSOLE_ORIGIN}`,
    );
  });

  it('cannot touch the cookies of the instance', async () => {
    const upstream = owned.own(
      await httpServer((_req, res) => {
        res.setHeader('Set-Cookie', [
          'sandboxd_preview=x',
          '__Host-sandboxd_session=x',
          ' =sandboxd_x=y',
          'mine=1',
        ]);
        res.setHeader('Clear-Site-Data', '"cache", "cookies"');
        res.end();
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const { headers } = await visit(harness.port, { host: previewHost(upstream.port) });
    expect(headers['set-cookie']).toEqual(['mine=1']);
    expect(headers).not.toHaveProperty('clear-site-data');
  });

  it('that streams arrives piece by piece, and ends upstream when the client leaves', async () => {
    let left = false;
    const upstream = owned.own(
      await httpServer((_req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
        res.write('data: 1\n\n');
        res.on('close', () => {
          left = true;
        });
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const sent = request({
      port: harness.port,
      host: '127.0.0.1',
      agent: false,
      headers: { host: previewHost(upstream.port) },
    }).end();
    const [response] = await once(sent, 'response');
    expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
    response.on('error', () => undefined);
    sent.destroy();
    await until(() => left, 'the upstream to see the client leave');
  });

  it('begins before its body does', async () => {
    const upstream = owned.own(await cannedUpstream('HTTP/1.1 200 OK\r\nX-Early: yes\r\n\r\n'));
    harness.route(liveRoute([upstream.port]));
    const response = await begin(previewHost(upstream.port));
    expect(response.headers['x-early']).toBe('yes');
    response.on('error', () => undefined).destroy();
  });

  it('is given up when the client leaves before it begins', async () => {
    const upstream = owned.own(await tcpServer((socket) => socket.resume()));
    harness.route(liveRoute([upstream.port]));
    const client = connect(harness.port, '127.0.0.1');
    client.write(`GET / HTTP/1.1\r\nHost: ${previewHost(upstream.port)}\r\n\r\n`);
    await until(() => upstream.sockets.length === 1, 'the request to arrive');
    client.destroy();
    await expect.poll(() => upstream.sockets[0]?.readableEnded).toBe(true);
  });

  it('is a 502 that looks again when nothing listens', async () => {
    const gone = await tcpServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    harness.route(liveRoute([gone.port]));
    const page = await visit(harness.port, {
      host: previewHost(gone.port),
      headers: { accept: 'text/html' },
    });
    expect(page).toMatchObject({ status: 502 });
    expect(page.body).toContain('http-equiv="refresh"');
    expect(await visit(harness.port, { host: previewHost(gone.port) })).toMatchObject({
      status: 502,
      body: 'The app does not accept connections.\n',
    });
  });
});

describe('upstream connections', () => {
  it('are used again for the same start of the same sandbox only', async () => {
    const { server, host } = await recorder();
    harness.route(liveRoute([server.port], { sandboxId: OTHER_SANDBOX }));
    await visit(harness.port, { host });
    await visit(harness.port, { host });
    expect(server.sockets).toHaveLength(1);
    await visit(harness.port, { host: previewHost(server.port, OTHER_SANDBOX) });
    expect(server.sockets).toHaveLength(2);
    harness.route(liveRoute([server.port], { generation: 2 }));
    await until(() => server.sockets[0]?.readableEnded === true, 'the old connection to end');
    await visit(harness.port, { host });
    expect(server.sockets).toHaveLength(3);
  });

  it.each([
    ['a stop', { state: 'stopped' as const }],
    ['a new start', { generation: 2 }],
    ['another address', { address: '127.0.0.2' }],
    ['becoming private', { visibility: 'private' as const }],
  ])('are cut by %s, responses in flight included', async (_what, change) => {
    const upstream = owned.own(await cannedUpstream('HTTP/1.1 200 OK\r\n\r\nstart'));
    harness.route(liveRoute([upstream.port]));
    const response = await begin(previewHost(upstream.port));
    harness.route(liveRoute([upstream.port], change));
    expect(await readReply(response)).toMatchObject({ status: 200, cut: true });
  });

  it('survive what does not concern them', async () => {
    const { server, host } = await recorder();
    await visit(harness.port, { host });
    harness.route(liveRoute([server.port], { progress: 'x' }));
    harness.route(liveRoute([server.port], { state: 'paused' }));
    harness.proxy.apply({ type: 'routes', routes: [liveRoute([server.port])] });
    harness.route(liveRoute([server.port], { sandboxId: OTHER_SANDBOX }));
    harness.proxy.apply({ type: 'remove', sandboxId: OTHER_SANDBOX });
    await visit(harness.port, { host });
    expect(server.sockets).toHaveLength(1);
  });

  it('are dropped when they have been idle for long', async () => {
    const quick = owned.own(await startHarness({}, { limits: { idleSocketMs: 40 } }));
    const { server, host } = await recorder();
    quick.route(liveRoute([server.port]));
    await visit(quick.port, { host });
    await expect.poll(() => server.sockets[0]?.readableEnded).toBe(true);
  });

  it('on which an upload was not finished are not used again', async () => {
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const host = previewHost(upstream.port);
    const client = connect(harness.port, '127.0.0.1');
    client.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\n`);
    expect(String((await once(client, 'data'))[0])).toContain('200 OK');
    expect(await visit(harness.port, { host })).toMatchObject({ status: 200 });
    expect(upstream.sockets).toHaveLength(2);
    client.destroy();
  });

  it('that say something unasked are not used again', async () => {
    const upstream = owned.own(
      await tcpServer((socket, index) => {
        socket.on('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          if (index > 0) return;
          setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'));
        });
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const host = previewHost(upstream.port);
    await visit(harness.port, { host });
    await until(() => upstream.sockets[0]?.readableEnded === true, 'the connection to end');
    expect(await visit(harness.port, { host })).toMatchObject({ body: 'ok' });
  });
});

/** Serves one request per connection, promises to keep it, and closes it on the next request. */
async function racer() {
  const second: string[] = [];
  const server = owned.own(
    await tcpServer((socket) => {
      let served = 0;
      socket.on('data', (bytes) => {
        if (served++ === 0) {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        } else {
          second.push(bytes.toString('latin1').split(' ')[0] ?? '');
          socket.destroy();
        }
      });
    }),
  );
  harness.route(liveRoute([server.port]));
  return { server, second, host: previewHost(server.port) };
}

describe('the race with a server that closes an idle connection as we use it', () => {
  it('is lost by 0 of 120 requests', async () => {
    const { host, second } = await racer();
    for (let i = 0; i < 120; i++) {
      expect(await visit(harness.port, { host, path: `/${i}` })).toMatchObject({ status: 200, body: 'ok' });
    }
    expect(second.length).toBeGreaterThan(50);
  });

  it('is not run by requests that cannot be repeated', async () => {
    const { host, second, server } = await racer();
    await visit(harness.port, { host });
    for (const options of [{ method: 'POST' }, { method: 'PATCH' }, { method: 'PUT', body: 'x' }]) {
      expect(await visit(harness.port, { host, ...options })).toMatchObject({ status: 200 });
    }
    expect(second).toEqual([]);
    expect(server.sockets).toHaveLength(4);
  });

  it('is run at most once for a request, and not at all on a fresh connection', async () => {
    let requests = 0;
    const upstream = owned.own(
      await tcpServer((socket, index) => {
        socket.on('data', () => {
          requests++;
          if (index === 0 && requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          else socket.destroy();
        });
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const host = previewHost(upstream.port);
    await visit(harness.port, { host });
    expect(await visit(harness.port, { host })).toMatchObject({ status: 502 });
    expect(requests).toBe(3);
    expect(await visit(harness.port, { host })).toMatchObject({ status: 502 });
    expect(requests).toBe(4);
  });

  it('is over once a byte has come back', async () => {
    let requests = 0;
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.on('data', () => {
          if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          else socket.end('HTTP/1.1 2');
        });
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const host = previewHost(upstream.port);
    await visit(harness.port, { host });
    expect(await visit(harness.port, { host })).toMatchObject({ status: 502 });
    expect(requests).toBe(2);
  });
});

describe('a route change', () => {
  it('is in force for the next request', async () => {
    const { host } = await recorder();
    expect(await visit(harness.port, { host })).toMatchObject({ status: 200 });
    harness.proxy.apply({ type: 'remove', sandboxId: SANDBOX });
    expect(await visit(harness.port, { host })).toMatchObject({ status: 404 });
  });
});
