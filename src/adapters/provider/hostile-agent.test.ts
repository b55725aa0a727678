import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type FakeProvider,
  JSON_TYPE,
  KEY,
  type World,
  type WorldOptions,
  fakeProvider,
  makeWorld,
  steadyProvider,
} from './testing/world.ts';

const CHAT = '/v1/chat/completions';

/** The sandbox is the tenant's, and so is every byte that comes out of it. */
describe('a hostile sandbox', () => {
  let scope = new AsyncDisposableStack();
  let provider: FakeProvider;
  beforeEach(async () => {
    provider = scope.use(await steadyProvider(200, JSON_TYPE, '{"choices":[]}'));
  });
  afterEach(async () => {
    await scope.disposeAsync();
    scope = new AsyncDisposableStack();
  });

  const open = async (options?: WorldOptions): Promise<World> =>
    scope.use(await makeWorld(provider.baseUrl, options));

  /** What is answered to exactly these bytes, until the connection ends. */
  const sendRaw = async (world: World, bytes: string | Buffer): Promise<string> => {
    const socket = connect(world.socketPath);
    scope.defer(() => void socket.destroy());
    let answer = '';
    socket.on('data', (piece) => (answer += piece.toString())).on('error', () => {});
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    return answer;
  };

  it.each([
    ['POST', '/v1/files'],
    ['POST', '/v1/batches'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/fine_tuning/jobs'],
    ['GET', '/v1/organizations/api_keys'],
    ['GET', '/v1/responses'],
    ['POST', '/v1/models'],
    ['DELETE', '/v1/models/m'],
    ['GET', '/v1/chat/completions'],
    ['POST', '/v1/constructor'],
    ['POST', '/'],
  ])('would use the key for other things than its task: %s %s is not there', async (method, path) => {
    const world = await open();
    const { status, body, headers } = await world.ask(path, { method });
    expect([status, headers['content-type']]).toEqual([404, 'application/json']);
    // Both families of clients find what they look for.
    expect(JSON.parse(body)).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', message: expect.stringContaining('nothing here') },
    });
    expect(provider.asked).toEqual([]);
  });

  it.each([
    '/v1/models/../files',
    '/v1/models/..',
    '/v1/models/.',
    '/v1/models/%2e%2e/files',
    '/v1/models/a%2fb',
    '/v1/models/a/../../files',
    '/v1/models//files',
    '//evil.test/v1/models',
    '/v1/./models',
    '/V1/models',
    '/v1/models#/../files',
    '/v1/models\\..\\files',
    'http://evil.test/v1/models',
    'http://127.0.0.1/v1/models',
    '@evil.test/v1/models',
    '*',
  ])('would lead the key elsewhere with a path that means another: GET %s', async (path) => {
    const world = await open();
    const answer = await sendRaw(
      world,
      `GET ${path} HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(provider.asked).toEqual([]);
  });

  it('would make a tunnel of it: CONNECT ends the connection', async () => {
    const world = await open();
    const answer = await sendRaw(
      world,
      'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\nSSH-2.0-x\r\n',
    );
    expect(answer).not.toContain(' 200 ');
    expect(provider.asked).toEqual([]);
  });

  it('would leave HTTP by an upgrade: it is refused', async () => {
    const world = await open();
    const upgrade = { connection: 'upgrade, close', upgrade: 'websocket' };
    const fields = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}\r\n`);
    const answer = await sendRaw(world, `GET /v1/models HTTP/1.1\r\nHost: a\r\n${fields.join('')}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(provider.asked).toEqual([]);
  });

  it('would smuggle a second request in the body of the first: two lengths are no request', async () => {
    const world = await open();
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await sendRaw(world, `${head}0\r\n\r\nPOST /v1/files HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(provider.asked).toEqual([]);
  });

  it('would be somebody else, or have another account pay: its headers of that kind do not go up', async () => {
    const world = await open();
    const headers = {
      host: 'evil.test',
      authorization: 'Bearer stolen-elsewhere',
      'x-api-key': 'stolen-elsewhere',
      'api-key': 'stolen-elsewhere',
      'proxy-authorization': 'Basic c3RvbGVu',
      cookie: 'session=stolen',
      'openai-organization': 'org-other',
      'openai-project': 'proj-other',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'evil.test',
      forwarded: 'host=evil.test',
      'x-real-ip': '10.0.0.1',
      'x-original-url': '/v1/files',
      'x-http-method-override': 'DELETE',
      te: 'trailers',
      connection: 'close, x-nominated',
      'x-nominated': 'hop',
      'accept-encoding': 'gzip',
      'user-agent': 'agent/1',
      'x-stainless-lang': 'js',
    };
    expect((await world.ask(CHAT, { headers })).status).toBe(200);
    const { headers: asked = {} } = provider.asked[0] ?? {};
    const { host, ...rest } = asked;
    expect(host).toBe(new URL(provider.baseUrl).host);
    expect(rest).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'accept-encoding': 'identity',
      'user-agent': 'agent/1',
      'x-stainless-lang': 'js',
    });
    expect(JSON.stringify(rest)).not.toMatch(/evil|stolen|other|10\.0\.0\.1|files|DELETE|hop|trailers/);
  });

  it('would fill the memory with a body that says how big it is: it is not read', async () => {
    const world = await open({ limits: { maxBodyBytes: 1000 } });
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n`;
    expect(await sendRaw(world, head)).toMatch(/^HTTP\/1\.1 413 /);
    expect(provider.asked).toEqual([]);
  });

  it.each([CHAT, '/v1/messages'])(
    'would fill the memory with a body without end: %s is cut off',
    async (path) => {
      const world = await open({ limits: { maxBodyBytes: 100_000 } });
      const answer = await world.ask(path, {
        body: Buffer.alloc(1_000_000, ' '),
        headers: { 'transfer-encoding': 'chunked', connection: 'keep-alive' },
      });
      expect(answer.status).toBe(413);
      expect(answer.body).toContain('request_too_large');
      expect(provider.asked).toEqual([]);
      expect(world.opening.trouble).toBeUndefined();
    },
  );

  it('would hold connections by sending its head a byte at a time: it has a time limit', async () => {
    const world = await open({ limits: { headMs: 50 } });
    expect(await sendRaw(world, 'GET /v1/models HTTP/1.1\r\nHost:')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('would hold the provider by sending its body a byte at a time: it has a time limit', async () => {
    const world = await open({ limits: { headMs: 50, requestMs: 100 } });
    const head = `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{`;
    expect(await sendRaw(world, head)).not.toContain(' 200 ');
    // That says nothing of the provider.
    expect([world.opening.trouble, world.refusals]).toEqual([undefined, []]);
    // An honest one may come too late as well, where the machine is slow.
    await expect.poll(() => world.ask(CHAT).catch(() => undefined)).toMatchObject({ status: 200 });
  });

  it('would use up the file descriptors of the node: beyond its share, connections are closed', async () => {
    const world = await open({ limits: { maxConnections: 2 } });
    const held = [connect(world.socketPath), connect(world.socketPath)];
    for (const socket of held) scope.defer(() => void socket.destroy());
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect(await sendRaw(world, 'GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('');
    for (const socket of held) socket.destroy();
    await expect.poll(() => world.ask(CHAT).catch(() => undefined)).toMatchObject({ status: 200 });
  });

  it('would ask for more at a time than it may have connections, all over one: beyond its share they are turned away', async () => {
    const slow = scope.use(await fakeProvider(() => {}));
    const world = scope.use(await makeWorld(slow.baseUrl, { limits: { maxConnections: 2 } }));
    const request = 'GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n';
    const socket = connect(world.socketPath);
    scope.defer(() => void socket.destroy());
    socket.write(request.repeat(50));
    await expect.poll(() => slow.asked.length).toBe(2);
    const other = world.ask('/v1/models', { method: 'GET' });
    expect(await other).toMatchObject({ status: 503, body: expect.stringContaining('More than 2') });
    expect(slow.asked).toHaveLength(2);
  });

  it('is served over one connection again and again, as an honest one', async () => {
    const world = await open();
    const request = 'GET /v1/models HTTP/1.1\r\nHost: a\r\n';
    const answers = await sendRaw(world, `${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  });

  it.each([
    '\u0000\u0001\u0002',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /v1/models HTTP/1.1\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`,
  ])('would bring the node down with what is no request (%#)', async (bytes) => {
    const world = await open();
    expect(await sendRaw(world, bytes)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect((await world.ask(CHAT)).status).toBe(200);
    expect(world.logged).toEqual([]);
  });

  it('would bring the node down by leaving at any moment', async () => {
    const world = await open();
    const whole = `POST ${CHAT} HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n{"model":1}\n`;
    for (let length = 1; length <= whole.length; length += 9) {
      const socket = connect(world.socketPath);
      await once(socket, 'connect');
      socket.write(whole.slice(0, length), () => socket.destroy());
      await once(socket, 'close');
    }
    expect((await world.ask(CHAT)).status).toBe(200);
    expect([world.logged, world.opening.trouble, world.refusals]).toEqual([[], undefined, []]);
  });
});
