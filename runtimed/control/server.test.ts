import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { CONTROL_SOCKET } from '../../src/domain/runtimed.ts';
import { Client } from '../testing/client.ts';
import { collecting } from '../testing/sandbox.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../testing/temporary.ts';
import { until } from '../testing/until.ts';
import { bodyOf, type Call, readJson, type Route, sendJson, sendText, startStream } from './call.ts';
import { ControlServer } from './server.ts';

let directory: TemporaryDirectory;
let server: ControlServer;
let client: Client;
const log: string[] = [];
const left: string[] = [];

const route = (method: Route['method'], path: string, handle: (call: Call) => Promise<void>): Route => ({
  method,
  pattern: new RegExp(`^${path}$`),
  handle,
});

const ROUTES = [
  route('GET', '/hello/([^/]*)', async (call) =>
    sendJson(call, { hello: call.parameter, q: call.query.get('q') }),
  ),
  route('POST', '/json', async (call) => sendJson(call, await readJson(call, 100))),
  route('PUT', '/refuse', async () => {
    throw new SandboxdError('conflict', 'No.');
  }),
  route('PUT', '/first', async (call) => {
    for await (const chunk of bodyOf(call)) return sendJson(call, { first: chunk.length > 0 });
  }),
  route('GET', '/crash', () => Promise.reject(new TypeError('secret of /home/someone'))),
  route('GET', '/break', async (call) => {
    startStream(call, 'text/plain');
    await sendText(call, 'half');
    throw new Error('in the middle');
  }),
  route('GET', '/wait', (call) => {
    startStream(call, 'text/plain');
    return new Promise((resolve) =>
      call.signal.addEventListener('abort', () => resolve(void left.push('left'))),
    );
  }),
];

beforeAll(async () => {
  directory = await temporaryDirectory();
  server = await ControlServer.listen(directory.path, ROUTES, collecting(log));
  client = new Client(join(directory.path, CONTROL_SOCKET));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** Sends bytes as they are, and gives all that comes back until the other side closes. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(join(directory.path, CONTROL_SOCKET));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    // Refused in the middle of what it sends: what it had been told until then counts.
    socket.on('close', () => resolve(answer)).on('error', () => {});
    socket.write(bytes);
  });

describe('a control socket', () => {
  it.each([
    ['deleted', (path: string) => rm(path)],
    [
      'replaced by a file',
      async (path: string) => {
        await writeFile(`${path}.other`, '');
        await rename(`${path}.other`, path);
      },
    ],
    [
      'replaced by a directory',
      async (path: string) => {
        await mkdir(join(`${path}.other`, 'x'), { recursive: true });
        // Again where it has been made anew in between.
        await until(async () => {
          await rm(path, { force: true });
          await rename(`${path}.other`, path);
          return true;
        });
      },
    ],
  ])('that is %s is made anew, and cuts off nobody who was connected', async (_, harm) => {
    await using own = await temporaryDirectory();
    await using _server = await ControlServer.listen(own.path, ROUTES, collecting([]), 20);
    const path = join(own.path, CONTROL_SOCKET);
    const there = new Client(path);
    using stream = await there.stream('GET', '/wait');
    let isCutOff = false;
    void stream.closed.then(() => (isCutOff = true));
    for (let round = 0; round < 3; round += 1) {
      await harm(path);
      await until(async () => (await there.call('GET', '/hello/again')).status === 200);
    }
    expect(isCutOff).toBe(false);
  });

  it('is made anew although something else lies in its place as it is made', async () => {
    await using own = await temporaryDirectory();
    const lines: string[] = [];
    await using _server = await ControlServer.listen(own.path, ROUTES, collecting(lines), 1);
    const path = join(own.path, CONTROL_SOCKET);
    const hasFailed = () => lines.join('\n').includes('could not be made');
    const disturb = async () => {
      // Each step fails where the server, or another one of these, was there first.
      while (!hasFailed()) {
        await rm(path, { force: true }).catch(() => {});
        await mkdir(path).catch(() => {});
      }
    };
    await Promise.all([disturb(), disturb(), disturb()]);
    const there = new Client(path);
    expect(await until(async () => (await there.call('GET', '/hello/again')).status)).toBe(200);
  });

  it('is made anew when its directory has been away', async () => {
    await using own = await temporaryDirectory();
    const inner = join(own.path, 'inner');
    await mkdir(inner);
    const lines: string[] = [];
    await using _server = await ControlServer.listen(inner, ROUTES, collecting(lines), 20);
    await rm(inner, { recursive: true });
    await until(() => lines.join('\n').includes('could not be made'));
    await mkdir(inner);
    const there = new Client(join(inner, CONTROL_SOCKET));
    expect(await until(async () => (await there.call('GET', '/hello/again')).status)).toBe(200);
  });
});

describe('the control server', () => {
  it('finds the route, its parameter and its query', async () => {
    const reply = await client.call('GET', '/hello/you?q=1');
    expect({ status: reply.status, body: JSON.parse(reply.text) as unknown }).toEqual({
      status: 200,
      body: { hello: 'you', q: '1' },
    });
  });

  it.each([
    ['an unknown route', 'GET', '/nothing', 404, 'not_found'],
    ['another method', 'DELETE', '/hello/you', 404, 'not_found'],
    ['an error of the domain', 'PUT', '/refuse', 409, 'conflict'],
    ['an error of its own', 'GET', '/crash', 500, 'internal'],
    ['a URL that is none', 'GET', '//', 400, 'invalid_request'],
  ])('answers %s with the envelope', async (_, method, path, status, code) => {
    const reply = await client.call(method, path);
    const { error } = JSON.parse(reply.text) as {
      error: { code: string; message: string; retryable: boolean };
    };
    expect({ status: reply.status, code: error.code }).toEqual({ status, code });
    expect(reply.text).not.toContain('/home/someone');
  });

  it('logs in full what it does not show', async () => {
    await client.call('GET', '/crash');
    expect(log.join('\n')).toContain('secret of /home/someone');
  });

  it('cuts off an answer that fails in the middle', async () => {
    await expect(client.call('GET', '/break')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it.each([
    ['too long', 'x'.repeat(101), 413],
    ['not JSON', '{', 400],
    ['nothing', '', 400],
  ])('refuses a body that is %s', async (_, body, status) => {
    expect((await client.call('POST', '/json', body)).status).toBe(status);
  });

  it('answers before the whole body has come, and lets the client finish', async () => {
    expect((await client.call('PUT', '/refuse', Buffer.alloc(20_000_000))).status).toBe(409);
    expect((await client.call('PUT', '/first', Buffer.alloc(20_000_000))).status).toBe(200);
  });

  it('tells a handler that its client has left', async () => {
    const before = left.length;
    const stream = await client.stream('GET', '/wait');
    stream[Symbol.dispose]();
    await until(() => left.length > before);
    expect(left).toHaveLength(before + 1);
  });

  it.each([
    ['that is no HTTP', 'hello\r\n\r\n', /^HTTP\/1.1 400/],
    [
      'with endless headers',
      `GET /hello/x HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(100_000)}\r\n\r\n`,
      /^(HTTP\/1.1 431|$)/,
    ],
    [
      'with two lengths',
      'POST /json HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      /^HTTP\/1.1 400/,
    ],
    [
      'with an absolute URL',
      'GET http://else.where/hello/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      /^HTTP\/1.1 200/,
    ],
    [
      'with a URL that cannot be read',
      'GET http://[bad HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      /^HTTP\/1.1 400/,
    ],
    [
      'that asks for another protocol',
      'GET /hello/x HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n',
      /^HTTP\/1.1/,
    ],
    ['that connects', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', /^$/],
    [
      'that breaks off',
      'POST /json HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      /^HTTP\/1.1 400/,
    ],
  ])('survives a request %s', async (_, bytes, answer) => {
    expect(await raw(bytes)).toMatch(answer);
    expect((await client.call('GET', '/hello/again')).status).toBe(200);
  });

  it('has room again after more connections than it takes', async () => {
    const path = join(directory.path, CONTROL_SOCKET);
    const sockets = Array.from({ length: 300 }, () => connect(path).on('error', () => {}));
    await until(() => sockets.some((socket) => socket.destroyed || socket.readyState === 'closed'));
    for (const socket of sockets) socket.destroy();
    await until(async () => (await client.call('GET', '/hello/again')).status === 200);
    expect((await client.call('GET', '/hello/again')).status).toBe(200);
  });
});
