import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EVENTS_TYPE,
  type FakeProvider,
  JSON_TYPE,
  KEY,
  type Reply,
  type World,
  type WorldOptions,
  events,
  fakeProvider,
  makeWorld,
  steadyProvider,
} from './testing/world.ts';

const CHAT = '/v1/chat/completions';
const PATHS = ['/v1/messages', CHAT, '/v1/responses'];
/** Far longer than a request takes to the provider and its head takes back, also where the machine is slow. */
const SILENCE_MS = 600;
const failure = (message: string, type = 'some_error') => JSON.stringify({ error: { type, message } });

/** What an agent reads, whichever family it is of. */
const errorOf = ({ status, body }: Reply): unknown => [
  status,
  (JSON.parse(body) as { error: { message: string } }).error.message,
];

describe('a provider that fails', () => {
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

  describe('for good', () => {
    it.each(PATHS.flatMap((path) => [401, 402, 403].map((status) => [path, status] as const)))(
      'answers %s with %i: the agent is told 400, which makes it give up, and the task its words',
      async (path, status) => {
        const [world] = await opened(
          steadyProvider(status, { ...JSON_TYPE, 'retry-after': '1' }, failure('No, you')),
        );
        const reply = await world.ask(path);
        expect(errorOf(reply)).toEqual([400, 'No, you']);
        expect(JSON.parse(reply.body)).toMatchObject({
          type: 'error',
          error: { type: 'invalid_request_error' },
        });
        expect(reply.headers).toMatchObject({ 'x-should-retry': 'false' });
        expect(reply.headers).not.toHaveProperty('retry-after');
        expect(world.refusals).toEqual([{ status, message: 'No, you', isFinal: true }]);
        expect(world.opening.trouble).toBe('No, you');
      },
    );

    it('answers 429 because there is no quota: that is no reason to wait', async () => {
      const [world] = await opened(
        steadyProvider(429, JSON_TYPE, failure('Pay first', 'insufficient_quota')),
      );
      expect(errorOf(await world.ask(CHAT))).toEqual([400, 'Pay first']);
      expect(world.refusals).toEqual([{ status: 429, message: 'Pay first', isFinal: true }]);
    });

    it('is not asked again, and the task is told once', async () => {
      const [world, provider] = await opened(steadyProvider(401, JSON_TYPE, failure('Bad key')));
      for (const path of PATHS) expect(errorOf(await world.ask(path))).toEqual([400, 'Bad key']);
      expect(provider.asked).toHaveLength(1);
      expect(world.refusals).toHaveLength(1);
    });

    it('knows one model and not the other: the agent may do without', async () => {
      const body = failure('No such model', 'not_found_error');
      const [world] = await opened(
        fakeProvider((_, outgoing, { body: asked }) =>
          asked.includes('small')
            ? outgoing.writeHead(404, JSON_TYPE).end(body)
            : outgoing.writeHead(200, JSON_TYPE).end('{}'),
        ),
      );
      const reply = await world.ask('/v1/messages', { body: '{"model":"small"}' });
      expect([reply.status, reply.body]).toEqual([404, body]);
      expect(world.refusals).toEqual([{ status: 404, message: 'No such model', isFinal: false }]);
      expect((await world.ask('/v1/messages')).status).toBe(200);
      expect(world.opening.trouble).toBeUndefined();
    });

    it('answers 401 for a model it does not know, as opencode Zen does: that is not for good', async () => {
      const [world] = await opened(
        steadyProvider(401, JSON_TYPE, failure('Model m not supported', 'ModelError')),
      );
      expect((await world.ask(CHAT)).status).toBe(400);
      expect(world.refusals).toMatchObject([{ status: 401, isFinal: false }]);
    });

    it('says so in the middle of an answer', async () => {
      const event = {
        type: 'response.failed',
        response: { error: { code: 'insufficient_quota', message: 'Pay' } },
      };
      const [world] = await opened(steadyProvider(200, EVENTS_TYPE, events(event)));
      expect((await world.ask('/v1/responses')).body).toBe(events(event));
      expect(world.refusals).toEqual([{ status: 200, message: 'Pay', isFinal: true }]);
    });

    it('refuses what decides nothing: a list of models is no task', async () => {
      const [world] = await opened(steadyProvider(403, JSON_TYPE, failure('Not with this key')));
      const replies = [
        await world.ask('/v1/models', { method: 'GET' }),
        await world.ask('/v1/messages/count_tokens'),
      ];
      expect(replies.map(({ status }) => status)).toEqual([403, 403]);
      expect([world.refusals, world.opening.trouble]).toEqual([[], undefined]);
    });
  });

  describe('for the moment', () => {
    it.each([
      [429, 'Slow down'],
      [500, 'Oh'],
      [529, 'Overloaded'],
    ])('answers %i: the agent is told so, and when to come again', async (status, message) => {
      const headers = { ...JSON_TYPE, 'retry-after': '7', 'x-should-retry': 'true', 'request-id': 'req_1' };
      const [world] = await opened(steadyProvider(status, headers, failure(message)));
      const reply = await world.ask('/v1/messages');
      expect([reply.status, reply.body]).toEqual([status, failure(message)]);
      const { 'content-type': type, ...others } = headers;
      expect(reply.headers).toMatchObject({ ...others, 'content-type': type });
      expect([world.refusals, world.opening.trouble]).toEqual([[], message]);
    });

    it('answers with a page of its firewall: the agent is told in a form it can read', async () => {
      const html = { 'content-type': 'text/html' };
      const [world] = await opened(steadyProvider(503, html, '<html><title>Busy</title>'));
      expect(errorOf(await world.ask(CHAT))).toEqual([503, 'The provider answered with the page "Busy".']);
    });

    it('answers 400: it is the request that is at fault, and the agent mends it', async () => {
      const [world] = await opened(steadyProvider(400, JSON_TYPE, failure('Too many tokens')));
      const reply = await world.ask('/v1/messages');
      expect([reply.status, reply.body]).toEqual([400, failure('Too many tokens')]);
      expect([world.refusals, world.opening.trouble]).toEqual([[], undefined]);
    });

    it('fails six times in a row: it is down, and the agent is told to give up', async () => {
      const [world, provider] = await opened(steadyProvider(529, JSON_TYPE, failure('Overloaded')));
      const statuses: number[] = [];
      for (let turn = 0; turn < 7; turn += 1) statuses.push((await world.ask('/v1/messages')).status);
      expect(statuses).toEqual([529, 529, 529, 529, 529, 400, 400]);
      expect(world.refusals).toEqual([{ status: 529, message: 'Overloaded', isFinal: true }]);
      expect(provider.asked).toHaveLength(6);
    });

    it('works in between: the failures are counted anew', async () => {
      let turn = 0;
      const [world] = await opened(
        fakeProvider((_, outgoing) => {
          turn += 1;
          const [status, body] = turn % 3 === 0 ? [200, '{}'] : [500, failure(`Failure ${turn}`)];
          outgoing.writeHead(status, JSON_TYPE).end(body);
        }),
        { limits: { maxFailures: 3 } },
      );
      for (let asked = 0; asked < 8; asked += 1) await world.ask('/v1/models', { method: 'GET' });
      turn = 0;
      for (let asked = 0; asked < 8; asked += 1) await world.ask(CHAT);
      expect(world.refusals).toEqual([]);
      expect(world.opening.trouble).toBe('Failure 8');
    });

    it('cannot be reached', async () => {
      const provider = await steadyProvider(200, JSON_TYPE, '{}');
      await provider[Symbol.asyncDispose]();
      const world = scope.use(await makeWorld(provider.baseUrl));
      const message = 'The provider could not be reached (ECONNREFUSED).';
      expect(errorOf(await world.ask(CHAT))).toEqual([502, message]);
      expect(world.opening.trouble).toBe(message);
    });

    it('hangs up: that counts, and the sixth time it is down', async () => {
      const [world] = await opened(fakeProvider((incoming) => incoming.socket.destroy()));
      const statuses: number[] = [];
      for (let turn = 0; turn < 6; turn += 1) statuses.push((await world.ask(CHAT)).status);
      expect(statuses).toEqual([502, 502, 502, 502, 502, 400]);
      expect(world.refusals).toMatchObject([{ status: 502, isFinal: true }]);
    });

    it('breaks off in the middle of an answer: the agent sees that it is not whole', async () => {
      const [world] = await opened(
        fakeProvider((incoming, outgoing) => {
          outgoing.writeHead(200, EVENTS_TYPE);
          outgoing.write(events({ usage: { prompt_tokens: 5 } }), () => incoming.socket.destroy());
        }),
      );
      await expect(world.ask(CHAT)).rejects.toThrow('aborted');
      await expect.poll(() => world.opening.trouble).toMatch(/^The provider broke off its answer/);
      // It is paid for as far as it came.
      expect(world.opening.usage).toMatchObject({ input: 5, total: 5 });
    });

    it('says nothing at all: it is given up', async () => {
      const gone = Promise.withResolvers<void>();
      const [world] = await opened(
        fakeProvider((_, outgoing) => void outgoing.on('close', gone.resolve)),
        { limits: { silenceMs: SILENCE_MS } },
      );
      const message = 'The provider did not answer for 1 s.';
      expect(errorOf(await world.ask(CHAT))).toEqual([504, message]);
      await gone.promise;
      expect([world.refusals, world.opening.trouble]).toEqual([[], message]);
    });

    it('falls silent in the middle of an answer: it is broken off', async () => {
      const [world] = await opened(
        fakeProvider(
          (_, outgoing) => void outgoing.writeHead(200, EVENTS_TYPE).write(events({ choices: [] })),
        ),
        { limits: { silenceMs: SILENCE_MS } },
      );
      await expect(world.ask(CHAT)).rejects.toThrow('aborted');
      await expect.poll(() => world.opening.trouble).toBe('The provider did not answer for 1 s.');
    });

    it('lets somebody wait: how long can be told before it is given up', async () => {
      let now = 0;
      const [world, provider] = await opened(
        fakeProvider(() => {}),
        { clock: () => now },
      );
      const leaving = new AbortController();
      const asking = world.ask(CHAT, { signal: leaving.signal });
      await expect.poll(() => provider.asked.length).toBe(1);
      expect(world.opening.trouble).toBeUndefined();
      now = 12_400;
      expect(world.opening.trouble).toBe('The provider has not answered the last request for 12 s.');
      leaving.abort();
      await expect(asking).rejects.toThrow('aborted');
      await expect.poll(() => world.opening.trouble).toBeUndefined();
    });
  });

  describe('to keep the key', () => {
    it('redirects, to where the key would be somebody else’s: nobody follows', async () => {
      const elsewhere = scope.use(await steadyProvider(200, JSON_TYPE, '{}'));
      for (const status of [301, 302, 303, 307, 308]) {
        const location = { location: `${elsewhere.baseUrl}/chat/completions?key=${KEY}` };
        const [world] = await opened(steadyProvider(status, location, ''));
        const reply = await world.ask(CHAT);
        expect(reply.status).toBe(502);
        expect(reply.body).toContain('which is not followed');
        expect(JSON.stringify(reply)).not.toContain('location');
      }
      expect(elsewhere.asked).toEqual([]);
    });

    it.each([200, 400, 401, 403, 404, 429, 500])(
      'repeats it with a %i, in a header, a message, a name: it is masked everywhere',
      async (status) => {
        const body = JSON.stringify({ error: { message: `Bad ${KEY}`, type: KEY, code: KEY }, echo: KEY });
        const headers = {
          ...JSON_TYPE,
          'request-id': `for-${KEY}`,
          'x-debug': KEY,
          'set-cookie': `k=${KEY}`,
        };
        const [world] = await opened(steadyProvider(status, headers, body));
        const reply = await world.ask(CHAT);
        expect(reply.body).toContain('••••');
        expect(reply.headers).not.toHaveProperty('set-cookie');
        const observed = [reply, world.refusals, world.opening.trouble, world.logged, world.usages];
        expect(JSON.stringify(observed)).not.toContain(KEY);
      },
    );

    it('streams it in pieces: it is masked across them', async () => {
      const [world] = await opened(
        fakeProvider((_, outgoing) => {
          outgoing.writeHead(200, EVENTS_TYPE);
          outgoing.write(`data: ${KEY.slice(0, 12)}`);
          setImmediate(() => outgoing.end(`${KEY.slice(12)}\n\n`));
        }),
      );
      expect((await world.ask(CHAT)).body).toBe('data: ••••\n\n');
    });

    it('answers compressed, where no key could be seen: that does not pass', async () => {
      const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
      const [world, provider] = await opened(
        fakeProvider((_, outgoing, { url }) => {
          const status = url === CHAT ? 200 : 500;
          outgoing.writeHead(status, headers).end(gzipSync(failure(KEY)));
        }),
      );
      expect(errorOf(await world.ask(CHAT))).toMatchObject([502, expect.stringContaining('encoding gzip')]);
      const reply = await world.ask('/v1/messages');
      expect(errorOf(reply)).toEqual([500, 'The provider answered 500 Internal Server Error.']);
      expect(provider.asked.map(({ headers }) => headers['accept-encoding'])).toEqual([
        'identity',
        'identity',
      ]);
    });

    it('cannot be reached, or is silent: no message of that knows the key', async () => {
      const provider = await steadyProvider(200, JSON_TYPE, '{}');
      await provider[Symbol.asyncDispose]();
      const world = scope.use(await makeWorld(provider.baseUrl, { upstream: { key: `${KEY}\n` } }));
      const reply = await world.ask(CHAT);
      expect(reply.status).toBe(502);
      expect(JSON.stringify([reply, world.logged, world.opening.trouble])).not.toContain(KEY);
    });
  });

  it('is no longer asked when the agent goes away: nothing more is paid for', async () => {
    const gone = Promise.withResolvers<void>();
    const [world] = await opened(
      fakeProvider((_, outgoing) => {
        outgoing.on('close', gone.resolve);
        outgoing.writeHead(200, EVENTS_TYPE).write(events({ usage: { prompt_tokens: 5 } }));
      }),
    );
    const incoming = await world.send(CHAT);
    await once(incoming, 'data');
    incoming.on('error', () => {}).destroy();
    await gone.promise;
    await expect.poll(() => world.usages.length).toBe(1);
    expect([world.refusals, world.opening.trouble]).toEqual([[], undefined]);
  });
});
