import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  cannedUpstream,
  liveRoute,
  Owned,
  previewHost,
  sendRaw,
  startHarness,
  type TcpServer,
  tcpServer,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
afterEach(() => owned.end());

async function proxyTo(upstream: TcpServer, limits = {}) {
  owned.own(upstream);
  const harness = owned.own(await startHarness({}, { limits }));
  harness.route(liveRoute([upstream.port]));
  return { port: harness.port, host: previewHost(upstream.port) };
}

const end = (socket: Socket) => socket.end();
const reset = (socket: Socket) => socket.resetAndDestroy();

/** Lines, statuses and bodies of which each is plausible or wrong, and most combinations contradictory. */
const LINES = [
  'Content-Length: 3',
  'Content-Length: 0',
  'Transfer-Encoding: chunked',
  'Connection: content-length',
  'Connection: close',
  'Trailer: X',
  'Upgrade: h2c',
  'Keep-Alive: timeout=1',
  'Date: now',
  'Expect: x',
  'Host: x',
  '__proto__: x',
  'Content-Length : 3',
  'Set-Cookie: sandboxd_preview=1',
  'Set-Cookie: a=b',
  'X-Frame-Options: DENY',
  ': x',
  'X:\0',
  ' fold',
];
const STATUSES = ['200 OK', '204 x', '304 x', '205 x', '103 x', '101 x', '999 ', '000 x', '100 \x01'];
const BODIES = ['', 'abc', 'abcd', '3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\n0\r\nA: b\r\n\r\n', 'zz\r\n'];

const anyResponse = fc
  .tuple(
    fc.constantFrom(...STATUSES),
    fc.array(
      fc.oneof(
        fc.constantFrom(...LINES),
        fc.string({ maxLength: 20, unit: 'binary' }).map((text) => `X-Any: ${text}`),
      ),
      { maxLength: 5 },
    ),
    fc.constantFrom(...BODIES),
  )
  .map(([status, lines, body]) => {
    const head = [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');
    return Buffer.from(head + body, 'latin1');
  });

describe('a response that is no HTTP', () => {
  it.each([
    ['status 000', 'HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n'],
    ['a control character in its reason', 'HTTP/1.1 200 a\x07b\r\nContent-Length: 0\r\n\r\n'],
    ['a control character in a value', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a name that is no token', 'HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n'],
    ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['101 unasked', 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['surplus bytes', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n\r\n'],
    ['a body for 204', 'HTTP/1.1 204 No Content\r\n\r\nbody'],
    ['a body for 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
    ['thousands of fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(3000)}\r\n`],
    ['a flood of interim responses', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(5000)],
    ['another protocol', '220 mail.example ESMTP\r\n'],
  ])('is a 502 for %s', async (_what, bytes) => {
    const { port, host } = await proxyTo(await cannedUpstream(bytes));
    const reply = await visit(port, { host, path: '/' });
    expect(reply).toMatchObject({ status: 502, cut: false });
    expect(reply.body).toContain('not valid HTTP');
  });

  it('is a 502 when the connection ends before the head, or at once', async () => {
    for (const [bytes, after] of [
      ['HTTP/1.1 200 OK\r\nX: ', end],
      ['', end],
      ['', reset],
    ] as const) {
      const { port, host } = await proxyTo(await cannedUpstream(bytes, after));
      expect(await visit(port, { host })).toMatchObject({ status: 502 });
    }
  });

  it('is a 504 when the head does not come in time, however steadily it drips', async () => {
    const drip = await tcpServer((socket) => {
      const text = 'HTTP/1.1 200 OK\r\nX-Drip: ';
      let sent = 0;
      const timer = setInterval(() => socket.write(text[sent++] ?? 'x'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const { port, host } = await proxyTo(drip, { responseHeadMs: 150 });
    expect(await visit(port, { host })).toMatchObject({ status: 504 });
    expect(await visit(port, { host, method: 'POST', body: 'x' })).toMatchObject({ status: 504 });
  });

  it('never brings the proxy down, whatever its bytes', async () => {
    let bytes = Buffer.alloc(0);
    const upstream = await tcpServer((socket) => {
      socket.on('data', () => socket.end(bytes));
    });
    const { port, host } = await proxyTo(upstream);
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS');
    const version = fc.constantFrom('1.0', '1.1');
    await fc.assert(
      fc.asyncProperty(anyResponse, method, version, async (response, verb, http) => {
        bytes = response;
        const request = `${verb} / HTTP/${http}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
        expect(await sendRaw(port, request)).toMatch(/^$|^HTTP\/1\.1 [1-9]\d\d /);
      }),
      { numRuns: 400 },
    );
    expect(await visit(port, { host })).not.toMatchObject({ status: 0 });
  });
});

describe('a response that breaks after its head', () => {
  it.each([
    ['a length not reached', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', end],
    ['a chunk not finished', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc', end],
    ['the last chunk missing', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', end],
    ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n', end],
    [
      'bytes behind the last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore',
      end,
    ],
    [
      'a reset in a body without a length',
      'HTTP/1.1 200 OK\r\n\r\nabc',
      (socket: Socket) => setImmediate(reset, socket),
    ],
  ])('cuts the client: %s', async (_what, bytes, after) => {
    const { port, host } = await proxyTo(await cannedUpstream(bytes, after));
    expect(await visit(port, { host })).toMatchObject({ cut: true });
  });

  it('resets a client that would take an orderly close for the end', async () => {
    const upstream = await cannedUpstream(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      end,
    );
    const { port, host } = await proxyTo(upstream);
    const client = connect(port, '127.0.0.1');
    const failed = new Promise((resolve) => client.on('error', resolve).on('end', () => resolve('ended')));
    client.resume().write(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('is cut when a promised body falls silent, and a stream without a length is not', async () => {
    const promised = await cannedUpstream('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    const first = await proxyTo(promised, { bodySilenceMs: 50 });
    expect(await visit(first.port, { host: first.host })).toMatchObject({ cut: true, body: 'abc' });
    const stream = await cannedUpstream('HTTP/1.1 200 OK\r\n\r\nabc', (socket) => {
      const timer = setTimeout(() => socket.end('def'), 200);
      socket.on('close', () => clearTimeout(timer));
    });
    const second = await proxyTo(stream, { bodySilenceMs: 50 });
    expect(await visit(second.port, { host: second.host })).toMatchObject({ cut: false, body: 'abcdef' });
  });
});

describe('a response that is unusual and correct', () => {
  it.each([
    [
      'interim responses',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
      'a',
    ],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\nabc', 'abc'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nabc', 'abc'],
    ['a Trailer field and a length', 'HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
    [
      'trailers',
      'HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n',
      'abc',
    ],
    [
      'a nominated length',
      'HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 3\r\n\r\nabc',
      'abc',
    ],
  ])('passes: %s', async (_what, bytes, body) => {
    const { port, host } = await proxyTo(await cannedUpstream(bytes, end));
    const reply = await visit(port, { host });
    expect(reply).toMatchObject({ status: 200, body, cut: false });
    expect(reply.headers).not.toHaveProperty('trailer');
  });

  it('has no body where HTTP allows none', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    const first = await proxyTo(await cannedUpstream(head));
    expect(await visit(first.port, { host: first.host, method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5' },
    });
    const second = await proxyTo(await cannedUpstream('HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n'));
    const reply = await visit(second.port, { host: second.host });
    expect(reply.status).toBe(204);
    expect(reply.headers).not.toHaveProperty('content-length');
  });
});
