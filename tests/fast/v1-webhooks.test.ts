import { beforeEach, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/domain/auth.ts';
import { recorded } from '../../src/domain/record.ts';
import { MAX_WEBHOOKS } from '../../src/domain/webhook-commands.ts';
import { signedHeaders } from '../../src/domain/webhook-signature.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';

const TOKEN = 'fake-token-of-acme';
const OWNER = 'acme';
const URL_WITH_SECRET = 'https://hooks.test/in?token=test-token-not-real';
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

let world: ApiWorld;
beforeEach(async () => {
  world = apiWorld({ configuredTokens: new Map([[await hashSecret(TOKEN), OWNER]]) });
});

/** An answer, of which a test says itself what it expects. */
type Json = Record<string, unknown> & { id: string; secret: string; error: { message: string } };

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const answer = await world.app.request(`/v1/webhooks${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
}

const create = async (fields: object = {}): Promise<Json> =>
  (await ask('POST', '', { url: URL_WITH_SECRET, ...fields })).body;

const timeline = async () => {
  const events = await world.ports.store.events.list(OWNER, { limit: 50 });
  return events.map(({ type, message, payload }) => [type, message, payload]).toReversed();
};

/** An event on its way to a webhook, as it stands. */
async function anEventToSend(): Promise<string> {
  const change = recorded(world.ports, 'app.created', { owner: OWNER, message: 'It happened.' });
  await world.ports.store.commit(change);
  return change.kind === 'event' ? change.event.id : '';
}

async function die(webhookId: string, eventId: string): Promise<void> {
  const delivery = await world.ports.store.webhooks.delivery(OWNER, webhookId, eventId);
  if (delivery === undefined) throw new Error('it is on its way to nobody');
  const dead = {
    ...delivery,
    status: 'dead',
    attempts: 8,
    lastStatus: 500,
    endedAt: world.ports.clock(),
  } as const;
  await world.ports.store.commit({ kind: 'delivery.note', delivery: dead });
}

describe('a webhook', () => {
  it('is made with a secret that nothing shows again', async () => {
    const made = await ask('POST', '', { url: URL_WITH_SECRET, event_types: ['task.failed', 'task.failed'] });
    expect(made).toMatchObject({
      status: 201,
      body: {
        url: URL_WITH_SECRET,
        event_types: ['task.failed'],
        description: '',
        enabled: true,
        secret: expect.stringMatching(SECRET),
        created_at: '2030-01-02T03:04:05.000Z',
      },
    });
    const { secret, ...shown } = made.body;
    expect(await ask('GET', `/${shown.id}`)).toEqual({ status: 200, body: shown });
    expect((await ask('GET', '')).body).toEqual({ webhooks: [shown] });
    const row = await world.ports.store.webhooks.find(OWNER, shown.id);
    expect(JSON.stringify([row, await timeline(), world.logged])).not.toContain(
      secret.slice('whsec_'.length),
    );
  });

  it('is told of everything when no types are named', async () => {
    expect(await create()).toMatchObject({ event_types: null });
    expect(await create({ event_types: null })).toMatchObject({ event_types: null });
  });

  it('changes field by field, and the timeline says so without its address', async () => {
    const { id } = await create();
    for (const patch of [
      { enabled: false },
      { description: 'Ours' },
      { event_types: ['app.created'] },
      { url: 'http://other.test:8080/new' },
    ]) {
      expect(await ask('PATCH', `/${id}`, patch)).toMatchObject({ status: 200, body: { id, ...patch } });
    }
    expect(await ask('PATCH', `/${id}`, { event_types: null })).toMatchObject({
      body: { url: 'http://other.test:8080/new', event_types: null, enabled: false, description: 'Ours' },
    });
    expect((await timeline()).slice(-2)).toEqual([
      ['webhook.updated', 'The webhook at other.test:8080 was updated.', { webhook_id: id, fields: 'url' }],
      [
        'webhook.updated',
        'The webhook at other.test:8080 was updated.',
        { webhook_id: id, fields: 'event_types' },
      ],
    ]);
    expect(JSON.stringify(await timeline())).not.toContain('test-token-not-real');
  });

  it('is deleted with what was on its way', async () => {
    const { id } = await create();
    await anEventToSend();
    expect((await ask('DELETE', `/${id}`)).status).toBe(204);
    for (const path of [`/${id}`, `/${id}/deliveries`]) expect((await ask('GET', path)).status).toBe(404);
    const { clock, store } = world.ports;
    expect(await store.webhooks.take(clock(), clock(), 10, [])).toEqual([]);
    expect((await timeline()).at(-1)).toEqual([
      'webhook.deleted',
      'The webhook at hooks.test was deleted.',
      { webhook_id: id },
    ]);
  });

  it(`is one of at most ${MAX_WEBHOOKS}`, async () => {
    for (let count = 0; count < MAX_WEBHOOKS; count += 1) await create();
    expect(await ask('POST', '', { url: URL_WITH_SECRET })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining(`${MAX_WEBHOOKS} webhooks`) } },
    });
  });

  it.each([
    [{}, 'url: is required'],
    [{ url: 7 }, 'url: must be a string'],
    [{ url: 'hooks.test' }, 'url: must be an address like https://example.com/hooks'],
    [{ url: 'ftp://hooks.test' }, 'url: must be an address like'],
    [{ url: 'javascript:alert(1)' }, 'url: must be an address like'],
    [{ url: 'https://hooks.test/a b' }, 'url: must be an address like'],
    [{ url: 'https://hooks.test/\0' }, 'url: must not contain a NUL'],
    [{ url: 'https://user:password@hooks.test' }, 'url: must not hold a user name or password'],
    [{ url: `https://hooks.test/${'a'.repeat(2048)}` }, 'url: must be at most 2048 characters'],
    [{ url: 'https://hooks.test', event_types: [] }, 'event_types: must name a type'],
    [{ url: 'https://hooks.test', event_types: 'task.failed' }, 'event_types: must be a list'],
    [{ url: 'https://hooks.test', event_types: ['task.*'] }, 'event_types.0: must hold types of events'],
    [{ url: 'https://hooks.test', event_types: ['webhook.created'] }, 'event_types.0: must hold types'],
    [{ url: 'https://hooks.test', description: 'a'.repeat(201) }, 'description: must be at most 200'],
  ])('is not made of %j', async (body, message) => {
    const answer = await ask('POST', '', body);
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
    expect(answer.body.error.message).not.toContain('password@');
  });

  it.each([
    [{}, 'changes nothing'],
    [{ secret: 'whsec_mine' }, 'changes nothing'],
    [{ enabled: 'no' }, 'enabled: must be true or false'],
    [{ url: 'nowhere' }, 'url: must be an address'],
  ])('does not become %j', async (patch, message) => {
    const { id } = await create();
    const answer = await ask('PATCH', `/${id}`, patch);
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe('a new secret', () => {
  it('is shown once, and signs beside the old one', async () => {
    const { id, secret } = await create();
    const rotated = await ask('POST', `/${id}/rotate-secret`);
    expect(rotated).toMatchObject({ status: 200, body: { id, secret: expect.stringMatching(SECRET) } });
    await ask('POST', `/${id}/test`);
    const [request] = world.webhookSender.sent;
    const timestamp = world.ports.clock() / 1000;
    const message = { id: request?.headers['webhook-id'] ?? '', timestamp, body: request?.body ?? '' };
    expect(request?.headers).toMatchObject(await signedHeaders([rotated.body.secret, secret], message));
  });

  it('is refused to the second of two who make one at the same moment: no secret is shown that never signs', async () => {
    const { id } = await create();
    const { store } = world.ports;
    const both = Promise.withResolvers<void>();
    let seen = 0;
    const find: typeof store.webhooks.find = async (...of) => {
      const webhook = await store.webhooks.find(...of);
      seen += 1;
      if (seen === 2) both.resolve();
      await both.promise;
      return webhook;
    };
    Object.assign(world.ports, { store: { ...store, webhooks: { ...store.webhooks, find } } });
    const rotate = () => ask('POST', `/${id}/rotate-secret`);
    const answers = await Promise.all([rotate(), rotate()]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  it('stays when something else is changed at the same time', async () => {
    const { id } = await create();
    const [rotated] = await Promise.all([
      ask('POST', `/${id}/rotate-secret`),
      ask('PATCH', `/${id}`, { description: 'Ours' }),
      ask('PATCH', `/${id}`, { enabled: true }),
    ]);
    await ask('POST', `/${id}/test`);
    const [request] = world.webhookSender.sent;
    const timestamp = world.ports.clock() / 1000;
    const message = { id: request?.headers['webhook-id'] ?? '', timestamp, body: request?.body ?? '' };
    const { 'webhook-signature': signature } = await signedHeaders([rotated.body.secret], message);
    expect(request?.headers['webhook-signature']?.split(' ')).toContain(signature);
    expect((await ask('GET', `/${id}`)).body).toMatchObject({ description: 'Ours' });
  });
});

describe('a test', () => {
  it('is sent at once, also to a disabled webhook, and leaves nothing behind', async () => {
    const { id } = await create();
    await ask('PATCH', `/${id}`, { enabled: false });
    expect(await ask('POST', `/${id}/test`)).toEqual({
      status: 200,
      body: { delivered: true, http_status: 204 },
    });
    const [request] = world.webhookSender.sent;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'webhook.test',
      timestamp: '2030-01-02T03:04:05.000Z',
      data: { webhook_id: id },
    });
    expect((await ask('GET', `/${id}/deliveries`)).body).toEqual({ deliveries: [] });
  });

  it('tells what came of it', async () => {
    const { id } = await create();
    world.webhookSender.answer = () => 404;
    expect((await ask('POST', `/${id}/test`)).body).toEqual({
      delivered: false,
      http_status: 404,
      error_message: 'The endpoint answered 404.',
    });
    world.webhookSender.answer = () => {
      throw new Error('inner');
    };
    expect((await ask('POST', `/${id}/test`)).body).toEqual({
      delivered: false,
      error_message: 'Something failed on our side.',
    });
  });
});

describe('deliveries', () => {
  it('are listed by page and by status, the latest event first', async () => {
    const { id } = await create();
    const events = [await anEventToSend(), await anEventToSend(), await anEventToSend()];
    const [first = '', second = '', third = ''] = events;
    await die(id, second);
    const page = async (query: string) => (await ask('GET', `/${id}/deliveries${query}`)).body;
    expect(await page('?limit=2')).toEqual({
      deliveries: [
        {
          event_id: third,
          event_type: 'app.created',
          status: 'pending',
          attempts: 0,
          next_attempt_at: '2030-01-02T03:04:05.000Z',
        },
        {
          event_id: second,
          event_type: 'app.created',
          status: 'dead',
          attempts: 8,
          last_http_status: 500,
          ended_at: '2030-01-02T03:04:05.000Z',
        },
      ],
      next_before: second,
    });
    const ids = async (query: string) =>
      ((await page(query))['deliveries'] as { event_id: string }[]).map(({ event_id }) => event_id);
    expect(await ids(`?before=${second}`)).toEqual([first]);
    expect(await ids('?status=dead')).toEqual([second]);
    expect(await ids('?status=pending')).toEqual([third, first]);
    expect(await ask('GET', `/${id}/deliveries?status=lost`)).toMatchObject({
      status: 400,
      body: { error: { message: 'status: give one of pending, delivered, dead.' } },
    });
  });

  it('that are dead are sent again, and no others', async () => {
    const { id } = await create();
    const event = await anEventToSend();
    const retry = (of = event) => ask('POST', `/${id}/deliveries/${of}/retry`);
    expect(await retry()).toMatchObject({ status: 409 });
    await die(id, event);
    await ask('PATCH', `/${id}`, { enabled: false });
    expect(await retry()).toMatchObject({
      status: 409,
      body: { error: { message: 'The webhook is disabled. Enable it first.' } },
    });
    await ask('PATCH', `/${id}`, { enabled: true });
    expect((await retry()).status).toBe(202);
    expect(await world.ports.store.webhooks.delivery(OWNER, id, event)).toMatchObject({ status: 'pending' });
    expect(await retry('01JNEVERWAS000000000000000')).toMatchObject({ status: 404 });
  });
});
