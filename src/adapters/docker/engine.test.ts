import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type RequestListener, type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../domain/engine.ts';
import { DockerEngine } from './engine.ts';
import { parseEvent } from './events.ts';

const ID = '01JD0000000000000000000000';

const failure = async (attempt: Promise<unknown>) =>
  attempt.then(
    () => expect.fail('it succeeded'),
    (error) => error,
  );
const line = (event: object) => parseEvent(JSON.stringify(event));

describe('an engine that is not there or misbehaves', () => {
  let root: string;
  let server: Server | undefined;
  const socketPath = () => join(root, 'engine.sock');
  const engine = () => new DockerEngine({ socketPath: socketPath(), instance: 'test' });

  const listen = async (answer: RequestListener) => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(socketPath(), resolve));
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sandboxd-engine-'));
  });
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)));
    await rm(root, { recursive: true });
  });

  it('is unavailable when nothing listens, without telling where', async () => {
    const error = await failure(engine().list());
    expect(error).toMatchObject({ code: 'node_unavailable', retryable: true });
    expect(error.message).not.toContain(root);
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
  });

  it('is unavailable when it refuses for reasons of its own, which stay in the cause', async () => {
    await listen((_request, response) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: `mount /secret/path: no such file` }));
    });
    const error = await failure(engine().inspect(ID));
    expect(error).toMatchObject({ code: 'node_unavailable' });
    expect(error.message).not.toContain('/secret/path');
    expect(error.cause.message).toContain('/secret/path');
  });

  it('is unavailable when it hangs up', async () => {
    await listen((request) => request.socket.destroy());
    expect(await failure(engine().info())).toMatchObject({ code: 'node_unavailable' });
  });

  it('cannot have overlays when it refuses to mount one', async () => {
    const asked: string[] = [];
    await listen((request, response) => {
      asked.push(`${request.method} ${request.url?.split('?')[0]}`);
      request.resume();
      if (request.url?.startsWith('/containers/create')) response.writeHead(201).end('{"Id":"helper"}');
      else if (request.method === 'PUT') response.writeHead(500).end('{"message":"wrong fs type"}');
      else response.writeHead(204).end();
    });
    expect(await engine().probeOverlay('image', root)).toBe(false);
    expect(asked).toContain('PUT /containers/helper/archive');
    expect(asked.at(-2)).toBe('DELETE /containers/helper');
    expect(asked.at(-1)).toMatch(/^DELETE \/volumes\//);
    expect(await readdir(root)).toEqual(['engine.sock']);
  });

  it.each([
    [404, 'network 0123abcd not found'],
    [404, 'No such container: 0123abcd'],
    [409, 'cannot join network of a non running container: 0123abcd'],
    [409, 'cannot join network namespace of a non running container: container /holder is exited'],
    [500, 'joining network namespace of container: No such container: 0123abcd'],
  ])('has lost the network of a container, which is to be made anew: %d %s', async (status, message) => {
    const labels = { 'sandboxd.instance': 'test', 'sandboxd.sandbox': ID };
    const container = { Id: 'sandbox', Config: { Labels: labels }, HostConfig: {} };
    await listen((request, response) => {
      if (request.method === 'GET') response.writeHead(200).end(JSON.stringify(container));
      else response.writeHead(status).end(JSON.stringify({ message }));
    });
    expect(await failure(engine().start(ID))).toMatchObject({ code: 'not_found' });
  });

  it('is asked for events again and again, until nobody listens', async () => {
    let connections = 0;
    await listen((_request, response) => {
      connections += 1;
      response.writeHead(200).write('');
      if (connections === 2) response.end('{"Action":"die","Actor":{"Attributes":{"sandboxd.san');
      else if (connections < 4) response.end();
      else response.flushHeaders();
    });
    const leaving = new AbortController();
    const told: EngineEvent['type'][] = [];
    for await (const event of engine().events(leaving.signal)) {
      told.push(event.type);
      if (connections === 4) leaving.abort();
    }
    expect(told).toEqual([
      'connected',
      'disconnected',
      'connected',
      'disconnected',
      'connected',
      'disconnected',
      'connected',
    ]);
  });

  it('ends the events of one who leaves while it is away', async () => {
    const leaving = new AbortController();
    const next = engine().events(leaving.signal)[Symbol.asyncIterator]().next();
    leaving.abort();
    expect(await next).toMatchObject({ done: true });
  });
});

describe('parseEvent', () => {
  const Actor = { Attributes: { 'sandboxd.sandbox': ID, exitCode: '137' } };

  it('reads what happened, to whom and when', () => {
    expect(line({ Action: 'die', Actor, timeNano: 1_700_000_000_123.9 * 1e6 })).toEqual({
      type: 'die',
      sandboxId: ID,
      at: 1_700_000_000_123,
      exitCode: 137,
    });
  });

  it.each([{ Action: 'die' }, { Action: 'exec_start: sh', Actor }, {}, []])('passes over %j', (event) => {
    expect(line(event)).toBeUndefined();
  });

  it('passes over half a line', () => {
    expect(parseEvent('{"Action":"die","Act')).toBeUndefined();
  });
});
