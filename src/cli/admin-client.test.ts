import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SandboxdError } from '../domain/errors.ts';
import { AdminClient } from './admin-client.ts';

let directory: string;
let socket: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-admin-'));
  socket = join(directory, 'admin.sock');
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<AsyncDisposable> {
  const server = createServer(listener).listen(socket);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

it('sees no server where there is no socket', async () => {
  expect(await new AdminClient(socket).status()).toBeUndefined();
});

it('sees no server behind the socket of one that was killed', async () => {
  const dead = await serve(() => {});
  await dead[Symbol.asyncDispose]();
  await writeFile(socket, '');
  expect(await new AdminClient(socket).status()).toBeUndefined();
});

it('reads what a running server tells', async () => {
  const told = { version: '1.2.3', pid: 7, url: 'http://console.localhost', sandboxes: { running: 2 } };
  await using _ = await serve((request, answer) => {
    expect([request.method, request.url]).toEqual(['GET', '/admin/status']);
    answer.end(JSON.stringify(told));
  });
  expect(await new AdminClient(socket).status()).toEqual(told);
});

it('sends what a token is for', async () => {
  let received: unknown;
  const issue = async (request: IncomingMessage, answer: ServerResponse) => {
    received = { url: request.url, body: JSON.parse(await text(request)) as unknown };
    answer.writeHead(201).end(JSON.stringify({ token: 'sbx_1' }));
  };
  await using _ = await serve((request, answer) => {
    void issue(request, answer);
  });
  expect(await new AdminClient(socket).createToken({ name: 'ci', owner: 'ada' })).toEqual({ token: 'sbx_1' });
  expect(received).toEqual({ url: '/admin/tokens', body: { name: 'ci', owner: 'ada' } });
});

it('throws the server’s own refusal', async () => {
  await using _ = await serve((_request, answer) => {
    answer
      .writeHead(400)
      .end(
        JSON.stringify({ error: { code: 'invalid_request', message: 'name: is empty.', retryable: false } }),
      );
  });
  const refusal = new AdminClient(socket).createToken({ name: '' });
  await expect(refusal).rejects.toThrow(SandboxdError);
  await expect(refusal).rejects.toThrow('name: is empty.');
});

it.each([
  [(client: AdminClient) => client.tokens(undefined), 'GET /admin/tokens', { tokens: [] }],
  [(client: AdminClient) => client.tokens('a b'), 'GET /admin/tokens?owner=a+b', { tokens: [] }],
  [
    (client: AdminClient) => client.revokeToken('../x', 'acme'),
    'DELETE /admin/tokens/..%2Fx?owner=acme',
    undefined,
  ],
  [
    (client: AdminClient) => client.audit({ owner: 'acme', limit: '5' }),
    'GET /admin/audit?owner=acme&limit=5',
    { entries: [] },
  ],
])('asks what it is told to (%#)', async (call, asked, answers) => {
  const heard: string[] = [];
  await using _ = await serve((request, answer) => {
    heard.push(`${request.method} ${request.url}`);
    answer.end(answers === undefined ? '' : JSON.stringify(answers));
  });
  await call(new AdminClient(socket));
  expect(heard).toEqual([asked]);
});

it('takes an answer that is no JSON for a failure, not for a crash', async () => {
  await using _ = await serve((_request, answer) => void answer.writeHead(502).end('<html>'));
  await expect(new AdminClient(socket).loginLink()).rejects.toThrow(SandboxdError);
});

it('asks for the end without expecting content', async () => {
  await using _ = await serve((_request, answer) => void answer.writeHead(202).end());
  await expect(new AdminClient(socket).down()).resolves.toBeUndefined();
});

it('hands on a backup as it comes, and lets go of it', async () => {
  let left: Promise<unknown> | undefined;
  await using _ = await serve((request, answer) => {
    expect(request.url).toBe('/admin/backup');
    left = once(answer, 'close');
    answer.write('first');
  });
  const giveUp = new AbortController();
  const bytes = await new AdminClient(socket).backup(undefined, giveUp.signal);
  expect(String(await once(bytes, 'data'))).toBe('first');
  const broken = once(bytes, 'error');
  giveUp.abort();
  await Promise.all([left, broken]);
});

it('asks for the collection of garbage with what was chosen', async () => {
  let body: unknown;
  const collect = async (request: IncomingMessage, answer: ServerResponse) => {
    body = JSON.parse(await text(request)) as unknown;
    answer.end(JSON.stringify({ items: [], failures: [] }));
  };
  await using _ = await serve((request, answer) => void collect(request, answer));
  const { signal } = new AbortController();
  const report = await new AdminClient(socket).collectGarbage({ dryRun: true, trash: false }, signal);
  expect(report).toEqual({ items: [], failures: [] });
  expect(body).toEqual({ dryRun: true, trash: false });
});
