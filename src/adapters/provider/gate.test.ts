import { access } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../domain/task.ts';
import {
  EVENTS_TYPE,
  type FakeProvider,
  JSON_TYPE,
  KEY,
  type World,
  type WorldOptions,
  events,
  fakeProvider,
  makeWorld,
  steadyProvider,
} from './testing/world.ts';

const USAGE = { prompt_tokens: 100, completion_tokens: 20 };
const ANSWER = JSON.stringify({ choices: [], usage: USAGE });
const CHAT = '/v1/chat/completions';

describe('the gate to a provider', () => {
  let scope = new AsyncDisposableStack();
  afterEach(async () => {
    await scope.disposeAsync();
    scope = new AsyncDisposableStack();
  });

  const opened = async (
    making: Promise<FakeProvider>,
    options?: WorldOptions,
  ): Promise<[World, FakeProvider]> => {
    const provider = scope.use(await making);
    return [scope.use(await makeWorld(provider.baseUrl, options)), provider];
  };

  it.each([
    ['/v1/messages', '/v1/messages'],
    ['/v1/messages?beta=true', '/v1/messages?beta=true'],
    ['/v1/messages/count_tokens', '/v1/messages/count_tokens'],
    [CHAT, CHAT],
    ['/v1/responses', '/v1/responses'],
    ['/v1/responses?version=2', '/v1/responses'],
  ])('lets an agent POST to %s', async (path, expected) => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, ANSWER));
    const { status, body } = await world.ask(path, { body: '{"model":"m"}' });
    expect([status, body]).toEqual([200, ANSWER]);
    expect(provider.asked).toMatchObject([{ method: 'POST', url: expected }]);
    expect(JSON.parse(provider.asked[0]?.body ?? '')).toEqual({ model: 'm' });
  });

  it.each([
    ['/v1/models', '/v1/models'],
    ['/v1/models?client_version=1', '/v1/models'],
    ['/v1/models/maker/model-7:free', '/v1/models/maker/model-7:free'],
  ])('lets an agent GET %s', async (path, expected) => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, '{"data":[]}'));
    expect(await world.ask(path, { method: 'GET' })).toMatchObject({ status: 200, body: '{"data":[]}' });
    expect(provider.asked).toMatchObject([{ method: 'GET', url: expected }]);
  });

  it.each([
    ['authorization', { authorization: `Bearer ${KEY}` }, 'x-api-key'],
    ['x-api-key', { 'x-api-key': KEY }, 'authorization'],
  ] as const)('adds the key as %s', async (keyHeader, expected, other) => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, ANSWER), {
      upstream: { keyHeader },
    });
    await world.ask('/v1/messages', { headers: { 'anthropic-version': '2023-06-01' } });
    expect(provider.asked[0]?.headers).toMatchObject({ ...expected, 'anthropic-version': '2023-06-01' });
    expect(provider.asked[0]?.headers).not.toHaveProperty(other);
  });

  it('adds none to a service that asks for none', async () => {
    const provider = scope.use(await steadyProvider(200, JSON_TYPE, ANSWER));
    const world = scope.use(await makeWorld(provider.baseUrl, { upstream: { key: undefined } }));
    await world.ask(CHAT, { headers: { authorization: 'Bearer sandboxd-proxy-injected' } });
    expect(provider.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it("asks for a streamed chat completion's usage, and sends the length of what it sends", async () => {
    const [world, provider] = await opened(steadyProvider(200, EVENTS_TYPE, events({ usage: USAGE })));
    const body = '{"model":"m","stream":true}';
    await world.ask(CHAT, { body, headers: { 'content-length': String(body.length) } });
    const asked = provider.asked[0];
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(asked?.headers['content-length']).toBe(String(asked?.body.length));
  });

  it.each(['/v1/messages', '/v1/responses'])('leaves the body of %s as it is', async (path) => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, '{}'));
    await world.ask(path, { body: '{"model":"m","stream":true}' });
    expect(provider.asked[0]?.body).toBe('{"model":"m","stream":true}');
  });

  it('counts on from what the task had taken before the node was restarted', async () => {
    const before = { ...NO_USAGE, input: 1000, total: 1000, cost: 0.5 };
    const [world] = await opened(steadyProvider(200, JSON_TYPE, ANSWER), { usage: before });
    expect(world.opening.usage).toEqual(before);
    await world.ask(CHAT);
    await world.ask(CHAT);
    const after = { ...before, input: 1200, output: 40, total: 1240 };
    expect(world.usages.at(-1)).toEqual(after);
    expect(world.opening.usage).toEqual(after);
  });

  it('does not count what costs nothing', async () => {
    const [world] = await opened(steadyProvider(200, JSON_TYPE, JSON.stringify({ usage: USAGE })));
    await world.ask('/v1/messages/count_tokens');
    await world.ask('/v1/models', { method: 'GET' });
    expect(world.usages).toEqual([]);
  });

  it('replaces an earlier opening, which can be closed again without harm', async () => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, ANSWER));
    const upstream = { provider: 'openai', keyHeader: 'x-api-key', key: 'test-key-of-another' } as const;
    await world.reopen({ ...upstream, baseUrl: provider.baseUrl });
    await world.opening[Symbol.asyncDispose]();
    expect((await world.ask(CHAT)).status).toBe(200);
    expect(provider.asked[0]?.headers['x-api-key']).toBe('test-key-of-another');
  });

  it('the last of several openings at once is the one that stays', async () => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, ANSWER));
    const open = (key: string) =>
      world.reopen({ provider: 'openai', keyHeader: 'x-api-key', key, baseUrl: provider.baseUrl });
    await Promise.all(['test-key-1', 'test-key-2', 'test-key-3'].map(open));
    await world.ask(CHAT);
    expect(provider.asked[0]?.headers['x-api-key']).toBe('test-key-3');
  });

  it('can be opened again after it could not be', async () => {
    const [world, provider] = await opened(steadyProvider(200, JSON_TYPE, ANSWER));
    const upstream = { provider: 'openai', keyHeader: 'x-api-key', baseUrl: provider.baseUrl } as const;
    const request = { upstream, usage: NO_USAGE, onUsage: () => {}, onRefusal: () => {} };
    const attempt = world.gate.open(`${world.directory}/nowhere`, request);
    await expect(attempt).rejects.toThrow('ENOENT');
    await world.reopen(upstream);
    expect((await world.ask(CHAT)).status).toBe(200);
  });

  it.each(['its opening', 'the gate'])('nobody can use it when %s is closed', async (what) => {
    const [world] = await opened(steadyProvider(200, JSON_TYPE, ANSWER));
    await (what === 'the gate' ? world.gate : world.opening)[Symbol.asyncDispose]();
    await expect(world.ask(CHAT)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await expect(access(world.socketPath)).rejects.toThrow('ENOENT');
  });

  it('closing it breaks off what goes on, at the provider as well, and tells nothing more', async () => {
    const gone = Promise.withResolvers<void>();
    const [world, provider] = await opened(
      fakeProvider((_, outgoing) => {
        outgoing.on('close', gone.resolve);
        outgoing.writeHead(200, EVENTS_TYPE).write(events({ choices: [] }));
      }),
    );
    const incoming = await world.send(CHAT);
    const broken = new Promise((resolve) => incoming.on('error', resolve).resume());
    await world.opening[Symbol.asyncDispose]();
    await Promise.all([gone.promise, broken]);
    expect(provider.asked).toHaveLength(1);
    expect([world.refusals, world.usages, world.opening.trouble]).toEqual([[], [], undefined]);
  });
});
