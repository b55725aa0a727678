import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Harness,
  httpServer,
  liveRoute,
  Owned,
  previewHost,
  sendRaw,
  startHarness,
  type TcpServer,
  until,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;
let upstream: TcpServer;
let host: string;
let reached: string[];

beforeEach(async () => {
  reached = [];
  upstream = owned.own(
    await httpServer((req, res) => {
      reached.push(`${req.method} ${req.url}`);
      req.resume().on('end', () => res.end('app'));
    }),
  );
  harness = owned.own(await startHarness());
  harness.route(liveRoute([upstream.port]));
  host = previewHost(upstream.port);
});
afterEach(() => owned.end());

const statusOf = (answer: string) => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];

describe('a request that two readers could understand differently', () => {
  it.each([
    ['two Hosts', (name: string) => `GET / HTTP/1.1\r\nHost: ${name}\r\nHost: ${name}\r\n\r\n`],
    [
      'another Host first',
      (name: string) => `GET / HTTP/1.1\r\nhost: console.localhost\r\nHOST: ${name}\r\n\r\n`,
    ],
    ['no Host', () => 'GET / HTTP/1.1\r\n\r\n'],
    ['no Host in HTTP/1.0', () => 'GET / HTTP/1.0\r\n\r\n'],
    ['an absolute target', (name: string) => `GET http://${name}/ HTTP/1.1\r\nHost: ${name}\r\n\r\n`],
    ['an asterisk for GET', (name: string) => `GET * HTTP/1.1\r\nHost: ${name}\r\n\r\n`],
    [
      'both framings',
      (name: string) =>
        `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      (name: string) =>
        `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    ],
    [
      'a coding beside chunked',
      (name: string) =>
        `POST / HTTP/1.1\r\nHost: ${name}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'the coding twice',
      (name: string) =>
        `POST / HTTP/1.1\r\nHost: ${name}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a coding in HTTP/1.0',
      (name: string) => `POST / HTTP/1.0\r\nHost: ${name}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a folded line', (name: string) => `GET / HTTP/1.1\r\nHost: ${name}\r\nX: a\r\n b\r\n\r\n`],
    ['a bare LF', (name: string) => `GET / HTTP/1.1\r\nHost: ${name}\nX: a\r\n\r\n`],
    ['a space before the colon', (name: string) => `GET / HTTP/1.1\r\nHost : ${name}\r\n\r\n`],
    ['a control character', (name: string) => `GET / HTTP/1.1\r\nHost: ${name}\r\nX: \x01\r\n\r\n`],
    ['nonsense', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('is refused and reaches nobody: %s', async (_what, bytes) => {
    expect(statusOf(await sendRaw(harness.port, bytes(host)))).toBe('400');
    expect(reached).toEqual([]);
  });

  it('is refused for CONNECT', async () => {
    expect(
      statusOf(await sendRaw(harness.port, `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)),
    ).toBe('405');
  });

  it('is refused when its head is too large', async () => {
    const head = `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`;
    expect(statusOf(await sendRaw(harness.port, head))).toBe('431');
  });
});

describe('the Host', () => {
  it('is read in any case, with a port, and for each request of a connection', async () => {
    const named = [host, host.toUpperCase(), `${host}:8080`, `${host}.`, 'nobody.preview.localhost', host];
    const requests = named.map((name) => `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`).join('');
    const last = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answers = await sendRaw(harness.port, requests + last);
    expect([...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1])).toEqual([
      '200',
      '200',
      '200',
      '200',
      '404',
      '200',
      '200',
    ]);
  });

  it('gets one and the same 404 for everything that does not exist', async () => {
    const unknown = [
      previewHost(upstream.port, '01JAXAMP1E0000000000000009'),
      previewHost(upstream.port + 1),
      `s-${'u'.repeat(26)}-3000.preview.localhost`,
      host.replace(/-\d+\./, '-0.'),
      host.replace(/-\d+\./, '-99999.'),
      `x.${host}`,
      'preview.preview.localhost',
    ];
    const answers = await Promise.all(unknown.map((name) => visit(harness.port, { host: name })));
    for (const { status, body, headers } of answers) {
      expect({ status, body, ...headers, date: '' }).toEqual({
        status: 404,
        body: 'Not found.\n',
        ...answers[0]?.headers,
        date: '',
      });
    }
    expect(reached).toEqual([]);
  });
});

describe('a client connection', () => {
  it('is answered in order when requests are sent ahead', async () => {
    const paths = Array.from({ length: 10 }, (_, i) => `/${i}`);
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join('');
    const answers = await sendRaw(
      harness.port,
      `${requests}GET /last HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(11);
    expect(reached).toEqual([...paths, '/last'].map((path) => `GET ${path}`));
  });

  it('is served one request after the other when they are sent ahead', async () => {
    let now = 0;
    let most = 0;
    const slow = owned.own(
      await httpServer((_req, res) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now--;
          res.end();
        }, 5);
      }),
    );
    harness.route(liveRoute([slow.port]));
    const one = `GET / HTTP/1.1\r\nHost: ${previewHost(slow.port)}\r\n`;
    await sendRaw(harness.port, `${`${one}\r\n`.repeat(5)}${one}Connection: close\r\n\r\n`);
    expect(most).toBe(1);
  });

  it('is ended when it sends far ahead', async () => {
    await sendRaw(harness.port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(5000));
    expect(reached.length).toBeLessThan(5000);
    expect(await visit(harness.port, { host })).toMatchObject({ status: 200 });
  });

  it('is ended when its head comes too slowly', async () => {
    const hurried = owned.own(await startHarness({}, { limits: { clientHeadMs: 200 } }));
    hurried.route(liveRoute([upstream.port]));
    const socket = connect(hurried.port, '127.0.0.1');
    const timer = setInterval(() => socket.write('X: y\r\n'), 20);
    socket.on('error', () => undefined);
    socket.resume().write(`GET / HTTP/1.1\r\nHost: ${host}\r\n`);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    expect(reached).toEqual([]);
  });

  it('is ended when it does not take what it asked for, and its upstream with it', async () => {
    const big = owned.own(await httpServer((_req, res) => res.end(Buffer.alloc(50_000_000))));
    const impatient = owned.own(await startHarness({}, { limits: { clientSilenceMs: 1000 } }));
    impatient.route(liveRoute([big.port]));
    const client = connect(impatient.port, '127.0.0.1').pause();
    client.on('error', () => undefined);
    client.write(`GET / HTTP/1.1\r\nHost: ${previewHost(big.port)}\r\n\r\n`);
    await expect.poll(() => big.sockets[0]?.destroyed).toBe(true);
    client.destroy();
  });

  it('is ended when it has been answered and asks nothing more', async () => {
    const impatient = owned.own(await startHarness({}, { limits: { clientSilenceMs: 1000 } }));
    impatient.route(liveRoute([upstream.port]));
    const answer = await sendRaw(impatient.port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(statusOf(answer)).toBe('200');
  });

  it('may wait in silence for an answer that takes its time', async () => {
    const slow = owned.own(
      await httpServer((_req, res) => {
        const timer = setTimeout(() => res.end('at last'), 1500);
        res.on('close', () => clearTimeout(timer));
      }),
    );
    const impatient = owned.own(await startHarness({}, { limits: { clientSilenceMs: 500 } }));
    impatient.route(liveRoute([slow.port]));
    expect(await visit(impatient.port, { host: previewHost(slow.port) })).toMatchObject({ body: 'at last' });
  });

  it('sees an early answer although its body is not read by anybody', async () => {
    const socket = connect(harness.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: nobody.preview.localhost\r\nContent-Length: 3000000\r\n\r\n');
    socket.write(Buffer.alloc(2_000_000));
    const [answer] = await once(socket, 'data');
    expect(statusOf(String(answer))).toBe('404');
    socket.destroy();
  });

  it('goes on after an early answer, once the rest of its body has come', async () => {
    const quick = owned.own(await startHarness({}, { limits: { lingerMs: 1000 } }));
    quick.route(liveRoute([upstream.port]));
    const client = connect(quick.port, '127.0.0.1');
    const idle = connect(quick.port, '127.0.0.1').resume();
    const post = 'POST / HTTP/1.1\r\nHost: nobody.preview.localhost\r\nContent-Length: 4\r\n\r\n';
    client.write(post);
    idle.write(post);
    expect(statusOf(String((await once(client, 'data'))[0]))).toBe('404');
    client.write('body');
    // Whoever does not send the rest is cut, and by then the other would have been, too.
    await once(idle, 'close');
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(statusOf(String((await once(client, 'data'))[0]))).toBe('200');
    client.destroy();
  });
});

describe('closing', () => {
  it('lets a request in flight end, and takes no more', async () => {
    const slow = owned.own(await httpServer((_req, res) => void slowly.push(() => res.end('done'))));
    const slowly: (() => void)[] = [];
    harness = owned.own(await startHarness({}, { limits: { closeMs: 10_000 } }));
    harness.route(liveRoute([slow.port]));
    const answer = visit(harness.port, { host: previewHost(slow.port) });
    await until(() => slowly.length === 1, 'the request to arrive');
    const closed = harness[Symbol.asyncDispose]();
    expect(await visit(harness.port, { host })).toMatchObject({ status: 0 });
    slowly[0]?.();
    expect(await answer).toMatchObject({ status: 200, body: 'done' });
    await closed;
  });
});
