import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  type Harness,
  httpServer,
  Owned,
  sendRaw,
  startHarness,
  temporaryDirectory,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;
let socketPath: string;

beforeEach(async () => {
  const directory = owned.own(await temporaryDirectory());
  socketPath = join(directory.path, 'console.sock');
  harness = owned.own(await startHarness({ consoleSocket: socketPath }));
});
afterEach(() => owned.end());

const startConsole = async () =>
  owned.own(
    await httpServer((req, res) => {
      res.setHeader('Set-Cookie', ['__Host-sandboxd_session=new; Path=/', 'other=1']);
      res.end(JSON.stringify({ url: req.url, headers: req.headers }));
    }, socketPath),
  );

describe('every host that is no preview', () => {
  it.each(['console.localhost:8080', '127.0.0.1', 'preview.localhost', 'evil.example', '[::1]:8080'])(
    'reaches the console: %s',
    async (host) => {
      await startConsole();
      const { status, body } = await visit(harness.port, { host, path: '/v1/apps?x=1' });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ url: '/v1/apps?x=1', headers: { host } });
    },
  );

  it('passes our cookies and credentials, and who the client is', async () => {
    await startConsole();
    const reply = await visit(harness.port, {
      host: 'console.localhost',
      headers: {
        cookie: '__Host-sandboxd_session=s; a=1',
        authorization: 'Bearer t',
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-host': 'evil.example',
      },
    });
    expect(JSON.parse(reply.body).headers).toMatchObject({
      cookie: '__Host-sandboxd_session=s; a=1',
      authorization: 'Bearer t',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'console.localhost',
      'x-forwarded-proto': 'http',
    });
    expect(reply.headers['set-cookie']).toEqual(['__Host-sandboxd_session=new; Path=/', 'other=1']);
    expect(reply.headers).not.toHaveProperty('content-security-policy');
  });

  it.each([
    ['nothing', {}, '127.0.0.1'],
    ['an address of its own', { 'x-sandboxd-peer': '6.6.6.6' }, '127.0.0.1'],
    [
      'the same in other letters, to be dropped',
      { 'X-SANDBOXD-PEER': '6.6.6.6', connection: 'x-sandboxd-peer' },
      '127.0.0.1',
    ],
    ['whom it forwards', { 'x-forwarded-for': '6.6.6.6' }, '127.0.0.1;forwarded'],
    ['whom it forwards, in the standard way', { forwarded: 'for=6.6.6.6' }, '127.0.0.1;forwarded'],
    ['that it is a proxy', { via: '1.1 front' }, '127.0.0.1;forwarded'],
  ])('is told where a request came from, whatever the client says: %s', async (_, headers, peer) => {
    await startConsole();
    const reply = await visit(harness.port, { host: 'console.localhost', headers });
    expect(JSON.parse(reply.body).headers['x-sandboxd-peer']).toBe(peer);
  });

  it('is told whom a TLS front saw', async () => {
    await startConsole();
    const behind = owned.own(await startHarness({ consoleSocket: socketPath, tls: true }));
    const forwarded = async (value: string) => {
      const reply = await visit(behind.port, { host: 'c', headers: { 'x-forwarded-for': value } });
      return JSON.parse(reply.body).headers;
    };
    expect(await forwarded('6.6.6.6, 203.0.113.7')).toMatchObject({
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-sandboxd-peer': '203.0.113.7;forwarded',
    });
    expect(await forwarded('nonsense')).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
  });

  it('carries WebSockets', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    server.listen(socketPath);
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${harness.port}/`, {
      headers: { host: 'console.localhost' },
    });
    await once(client, 'open');
    client.send('hi');
    expect(String((await once(client, 'message'))[0])).toBe('hi');
    client.terminate();
    server.close();
  });

  it('says so while the console is not there: a page to people, the envelope to programs', async () => {
    const page = await visit(harness.port, { host: 'console.localhost', headers: { accept: 'text/html' } });
    expect(page).toMatchObject({ status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } });
    const reply = await visit(harness.port, { host: 'console.localhost', path: '/v1/apps' });
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.body)).toMatchObject({ error: { code: 'unavailable', retryable: true } });
  });

  it('is refused like any other when it is ambiguous', async () => {
    await startConsole();
    const answer = await sendRaw(harness.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});
