import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../tests/fakes/api-world.ts';
import { presentEvent } from '../routes/v1/present.ts';
import type { Event, EventType } from './event.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Store } from './store.ts';
import type { DeliveryStatus, Webhook, WebhookDelivery } from './webhook.ts';
import { createWebhook, retryDelivery, rotateWebhookSecret, updateWebhook } from './webhook-commands.ts';
import { WebhookDispatch } from './webhook-dispatch.ts';
import { signedHeaders } from './webhook-signature.ts';

const OWNER = 'acme';
const LEASE_MS = 60_000;
const MIDDLE = 0.5;

let world: ApiWorld;
let ending: AbortController;
beforeEach(() => {
  world = apiWorld();
  ending = new AbortController();
});
afterEach(() => ending.abort());

const dispatchOver = (ports: Ports, random = MIDDLE): WebhookDispatch =>
  new WebhookDispatch(ports, { present: presentEvent, random: () => random });
const drain = (dispatch = dispatchOver(world.ports)): Promise<void> => dispatch.drain(ending.signal);

async function aWebhook(host = 'hooks.test', types: EventType[] | null = null): Promise<Webhook> {
  const url = `https://${host}/in?token=test-token-not-real`;
  const { webhook } = await createWebhook(world.ports, OWNER, { url, description: '', event_types: types });
  return webhook;
}

/** Something happens. */
async function happens(type: EventType = 'app.created', owner = OWNER): Promise<Event> {
  const change = recorded(world.ports, type, { owner, message: 'It happened.', payload: { count: 1 } });
  await world.ports.store.commit(change);
  if (change.kind !== 'event') throw new Error('no event');
  return change.event;
}

async function onlyDelivery({ id }: Webhook): Promise<WebhookDelivery> {
  const found = await world.ports.store.webhooks.deliveries(OWNER, { webhookId: id, limit: 10 });
  expect(found).toHaveLength(1);
  const [delivery] = found;
  if (delivery === undefined) throw new Error('no delivery');
  return delivery;
}

const statusesOf = async ({ id }: Webhook): Promise<DeliveryStatus[]> =>
  (await world.ports.store.webhooks.deliveries(OWNER, { webhookId: id, limit: 1000 })).map(
    ({ status }) => status,
  );

const timeline = (...types: EventType[]) => world.ports.store.events.list(OWNER, { types, limit: 50 });

describe('what is sent', () => {
  it('is the event as the API shows it, signed, under an id that stays', async () => {
    const { webhook, secret } = await createWebhook(world.ports, OWNER, {
      url: 'https://hooks.test/in',
      description: '',
      event_types: null,
    });
    const event = await happens();
    await drain();
    const [request] = world.webhookSender.sent;
    expect(request?.url).toBe(webhook.url);
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'app.created',
      timestamp: '2030-01-02T03:04:05.000Z',
      data: JSON.parse(JSON.stringify(presentEvent(event))),
    });
    const timestamp = Date.UTC(2030, 0, 2, 3, 4, 5) / 1000;
    const signed = await signedHeaders([secret], { id: event.id, timestamp, body: request?.body ?? '' });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', ...signed });
    expect(await onlyDelivery(webhook)).toMatchObject({ status: 'delivered', attempts: 1, lastStatus: 204 });
  });

  it('goes to those alone that want its type, and never tells of webhooks', async () => {
    const all = await aWebhook('all.test');
    const some = await aWebhook('some.test', ['task.completed', 'task.failed']);
    await happens('app.created');
    await happens('task.failed');
    await happens('task.failed', 'rival');
    await drain();
    expect(world.webhookSender.sent.map(({ url }) => new URL(url).host).toSorted()).toEqual([
      'all.test',
      'all.test',
      'some.test',
    ]);
    expect([await statusesOf(all), await statusesOf(some)]).toEqual([
      ['delivered', 'delivered'],
      ['delivered'],
    ]);
  });

  it('carries a signature by the secret before the current one for a day', async () => {
    const webhook = await aWebhook();
    await rotateWebhookSecret(world.ports, OWNER, webhook.id);
    await happens();
    await drain();
    world.advance(24 * 3_600_000);
    await happens();
    await drain();
    const counts = world.webhookSender.sent.map(
      ({ headers }) => headers['webhook-signature']?.split(' ').length,
    );
    expect(counts).toEqual([2, 1]);
  });
});

describe('what fails', () => {
  it('is tried eight times over most of a day, under one id, and then is dead', async () => {
    world.webhookSender.answer = () => 500;
    const webhook = await aWebhook();
    const event = await happens();
    await drain();
    for (const seconds of [10, 60, 300, 1800, 7200, 21_600, 43_200]) {
      const before = world.webhookSender.sent.length;
      const { status, nextAttemptAt, lastError } = await onlyDelivery(webhook);
      expect([status, nextAttemptAt - world.ports.clock()]).toEqual(['pending', seconds * 1000]);
      expect(lastError).toBe('The endpoint answered 500.');
      world.advance(seconds * 1000 - 1);
      await drain();
      expect(world.webhookSender.sent).toHaveLength(before);
      world.advance(1);
      await drain();
      expect(world.webhookSender.sent).toHaveLength(before + 1);
    }
    expect(await onlyDelivery(webhook)).toMatchObject({ status: 'dead', attempts: 8, lastStatus: 500 });
    expect(new Set(world.webhookSender.sent.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([event.id]),
    );
    world.advance(7 * 24 * 3_600_000);
    await drain();
    expect(world.webhookSender.sent).toHaveLength(8);
  });

  it.each([
    [0, 9000],
    [1, 11_000],
  ])('comes back a little sooner or later than others: %d', async (random, ms) => {
    world.webhookSender.answer = () => 503;
    const webhook = await aWebhook();
    await happens();
    await drain(dispatchOver(world.ports, random));
    expect((await onlyDelivery(webhook)).nextAttemptAt - world.ports.clock()).toBe(ms);
  });

  it('arrives late, and is noted as if nothing had been', async () => {
    const answers = [500, 302, 200];
    world.webhookSender.answer = () => answers.shift() ?? 500;
    const webhook = await aWebhook();
    await happens();
    await drain();
    world.advance(10_000);
    await drain();
    expect((await onlyDelivery(webhook)).lastError).toContain('redirects are not followed');
    world.advance(60_000);
    await drain();
    const delivery = await onlyDelivery(webhook);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: 3, lastStatus: 200 });
    expect(delivery.lastError).toBeUndefined();
  });

  it('tells its owner once when it is given up, and nothing of the address but its host', async () => {
    world.webhookSender.answer = () => 410;
    const webhook = await aWebhook();
    const { id } = await happens('task.failed');
    await drain();
    const [dead, ...others] = await timeline('webhook.delivery.dead');
    expect(others).toEqual([]);
    expect(dead).toMatchObject({
      severity: 'error',
      message: 'The event task.failed could not be delivered to the webhook at hooks.test.',
      payload: {
        webhook_id: webhook.id,
        event_id: id,
        event_type: 'task.failed',
        attempts: 1,
        last_status: 410,
      },
    });
    expect(JSON.stringify([await timeline(), world.logged])).not.toContain('test-token-not-real');
  });

  it('can be sent again from the beginning, once it is dead', async () => {
    world.webhookSender.answer = () => 410;
    const webhook = await aWebhook();
    const { id } = await happens();
    await drain();
    const retry = () => retryDelivery(world.ports, OWNER, webhook.id, id);
    await expect(retry()).rejects.toThrow('disabled');
    await updateWebhook(world.ports, OWNER, webhook.id, { enabled: true });
    await retry();
    expect(await onlyDelivery(webhook)).toMatchObject({ status: 'pending', attempts: 0 });
    await expect(retry()).rejects.toThrow('pending');
    world.webhookSender.answer = () => 200;
    await drain();
    expect((await onlyDelivery(webhook)).status).toBe('delivered');
  });

  it('fails with the remedy when its secret cannot be opened, and sends nothing', async () => {
    const webhook = await aWebhook();
    await world.ports.store.commit({
      kind: 'webhook.update',
      owner: OWNER,
      id: webhook.id,
      set: { sealed: webhook.sealed.replace(/.{4}$/, 'AAAA') },
      at: 0,
    });
    await happens();
    await drain();
    expect(world.webhookSender.sent).toEqual([]);
    const { status, lastError } = await onlyDelivery(webhook);
    expect([status, lastError]).toEqual(['pending', expect.stringContaining('rotate-secret')]);
    await rotateWebhookSecret(world.ports, OWNER, webhook.id);
    world.advance(10_000);
    await drain();
    expect((await onlyDelivery(webhook)).status).toBe('delivered');
  });

  it('for a reason that is ours is logged, and not told', async () => {
    world.webhookSender.answer = () => {
      throw new Error('inner secret');
    };
    const webhook = await aWebhook();
    await happens();
    await drain();
    expect((await onlyDelivery(webhook)).lastError).toBe('Something failed on our side.');
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'error', cause: new Error('inner secret') }),
    );
  });
});

describe('an endpoint that says it is gone', () => {
  it('is not called again, and its owner is told', async () => {
    world.webhookSender.answer = () => 410;
    const webhook = await aWebhook();
    await happens();
    await drain();
    expect(await world.ports.store.webhooks.find(OWNER, webhook.id)).toMatchObject({ enabled: false });
    expect((await timeline('webhook.updated')).map(({ severity, payload }) => [severity, payload])).toEqual([
      ['warning', { webhook_id: webhook.id, fields: 'enabled', reason: 'gone' }],
    ]);
    await happens();
    await drain();
    expect(world.webhookSender.sent).toHaveLength(1);
  });

  it('is left alone if its owner has given it another address meanwhile', async () => {
    const webhook = await aWebhook();
    world.webhookSender.answer = async () => {
      await updateWebhook(world.ports, OWNER, webhook.id, { url: 'https://elsewhere.test' });
      return 410;
    };
    await happens();
    await drain();
    expect(await world.ports.store.webhooks.find(OWNER, webhook.id)).toMatchObject({ enabled: true });
  });
});

describe('a disabled webhook', () => {
  it('is sent what was on its way when it is enabled again, and nothing of meanwhile', async () => {
    const webhook = await aWebhook();
    const { id } = await happens();
    await updateWebhook(world.ports, OWNER, webhook.id, { enabled: false });
    await happens();
    await drain();
    expect(world.webhookSender.sent).toEqual([]);
    await updateWebhook(world.ports, OWNER, webhook.id, { enabled: true });
    await drain();
    expect(world.webhookSender.sent.map(({ headers }) => headers['webhook-id'])).toEqual([id]);
  });
});

describe('a crash between the answer and its note', () => {
  it('has it sent again when the lease is over: at least once', async () => {
    const webhook = await aWebhook();
    await happens();
    const { store } = world.ports;
    const dying: Store = { ...store, commit: () => Promise.reject(new Error('the power went out')) };
    await drain(dispatchOver({ ...world.ports, store: dying }));
    expect(world.webhookSender.sent).toHaveLength(1);
    await drain();
    expect(world.webhookSender.sent).toHaveLength(1);
    world.advance(LEASE_MS);
    await drain();
    const [first, second] = world.webhookSender.sent.map(({ headers }) => headers['webhook-id']);
    expect([first, await statusesOf(webhook)]).toEqual([second, ['delivered']]);
  });

  it('is no different from an end in the middle of an attempt', async () => {
    const webhook = await aWebhook();
    await happens();
    world.webhookSender.answer = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        ending.abort();
      });
    await drain();
    expect(await onlyDelivery(webhook)).toMatchObject({ status: 'pending', attempts: 0 });
    ending = new AbortController();
    world.webhookSender.answer = () => 200;
    world.advance(LEASE_MS);
    await drain();
    expect(await statusesOf(webhook)).toEqual(['delivered']);
  });
});

describe('many at once', () => {
  it('two dispatchers never send the same thing twice', async () => {
    const webhooks = [await aWebhook('a.test'), await aWebhook('b.test'), await aWebhook('c.test')];
    for (let count = 0; count < 20; count += 1) await happens();
    world.webhookSender.answer = async () => {
      await Promise.resolve();
      return 200;
    };
    await Promise.all([drain(), drain(dispatchOver(world.ports))]);
    const sent = world.webhookSender.sent.map(({ url, headers }) => `${url} ${headers['webhook-id']}`);
    expect([sent.length, new Set(sent).size]).toEqual([60, 60]);
    for (const webhook of webhooks)
      expect(new Set(await statusesOf(webhook))).toEqual(new Set(['delivered']));
  });

  it('a slow endpoint has two of its own under way, and holds up nobody else', async () => {
    const slow = await aWebhook('slow.test');
    for (let count = 0; count < 50; count += 1) await happens();
    const quick = await aWebhook('quick.test');
    for (let count = 0; count < 50; count += 1) await happens();
    const stuck = Promise.withResolvers<number>();
    world.webhookSender.answer = ({ url }) => (url.includes('slow') ? stuck.promise : 200);
    const draining = drain();
    await expect.poll(() => statusesOf(quick)).toEqual(Array.from({ length: 50 }, () => 'delivered'));
    expect(world.webhookSender.sent.filter(({ url }) => url.includes('slow'))).toHaveLength(2);
    stuck.resolve(200);
    await draining;
    expect(new Set(await statusesOf(slow))).toEqual(new Set(['delivered']));
  });

  it('has at most 16 under way in all', async () => {
    for (let count = 0; count < 12; count += 1) await aWebhook(`host-${count}.test`);
    for (let count = 0; count < 3; count += 1) await happens();
    const open = Promise.withResolvers<void>();
    let underWay = 0;
    let most = 0;
    world.webhookSender.answer = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await open.promise;
      underWay -= 1;
      return 200;
    };
    const draining = drain();
    await expect.poll(() => underWay).toBe(16);
    open.resolve();
    await draining;
    expect([most, world.webhookSender.sent.length]).toEqual([16, 36]);
  });

  it('leaves to the next one what it cannot begin before its lease ends', async () => {
    await aWebhook();
    for (let count = 0; count < 4; count += 1) await happens();
    const answers: (() => void)[] = [];
    world.webhookSender.answer = () => new Promise((resolve) => answers.push(() => resolve(200)));
    const draining = drain();
    await expect.poll(() => answers.length).toBe(2);
    world.advance(LEASE_MS - 19_000);
    answers.splice(0).forEach((answer) => answer());
    await draining;
    expect(world.webhookSender.sent).toHaveLength(2);
    world.webhookSender.answer = () => 200;
    world.advance(19_000);
    await drain();
    expect(world.webhookSender.sent).toHaveLength(4);
  });
});
