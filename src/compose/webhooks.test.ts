import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiWorld, type ApiWorld } from '../../tests/fakes/api-world.ts';
import { type Received, type Receiver, startReceiver } from '../../tests/harness/receiver.ts';
import { createApp } from '../domain/app-commands.ts';
import type { Ports } from '../domain/ports.ts';
import type { DeliveryStatus } from '../domain/webhook.ts';
import { createWebhook, retryDelivery } from '../domain/webhook-commands.ts';
import { nodeWebhookSender } from './webhook-sender.ts';
import { sendDueWebhooks, WebhookLoop } from './webhooks.ts';

const OWNER = 'acme';
const APP = { name: 'Shop', description: '', tags: [] };

/** As a receiver does it that has read the documentation. */
function isGenuine({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const statement = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const mac = createHmac('sha256', key).update(statement).digest('base64');
  return String(headers['webhook-signature']).split(' ').includes(`v1,${mac}`);
}

let scope: AsyncDisposableStack;
let world: ApiWorld;
let status: number;
let receiver: Receiver;
beforeEach(async () => {
  scope = new AsyncDisposableStack();
  world = apiWorld();
  status = 204;
  receiver = scope.use(await startReceiver((_, outgoing) => outgoing.writeHead(status).end()));
});
afterEach(() => scope.disposeAsync());

/** A server's ports, with a sender that reaches what it may. */
function portsWith(webhooksToPrivate: boolean, loop: WebhookLoop): Ports {
  const outbound = { caFile: undefined, outboundProxy: {}, webhooksToPrivate };
  const webhookSender = scope.use(nodeWebhookSender(outbound));
  return { ...world.ports, store: loop.hearing(world.ports.store), webhookSender };
}

const subscribe = (ports: Ports) =>
  createWebhook(ports, OWNER, { url: `${receiver.origin}/in`, description: '', event_types: null });

const statusesOf = async (webhookId: string): Promise<DeliveryStatus[]> =>
  (await world.ports.store.webhooks.deliveries(OWNER, { webhookId, limit: 50 })).map(({ status }) => status);

describe('a server', () => {
  it('tells a receiver at once of what happens, and it can check who tells', async () => {
    const loop = new WebhookLoop();
    const ports = portsWith(true, loop);
    scope.use(loop.begin(ports));
    const { webhook, secret } = await subscribe(ports);
    const before = performance.now();
    const app = await createApp(ports, OWNER, APP);
    await expect.poll(() => receiver.received.length).toBe(1);
    expect(performance.now() - before).toBeLessThan(4000);
    const [received] = receiver.received;
    expect.assert(received !== undefined);
    expect(isGenuine(received, secret)).toBe(true);
    expect(isGenuine({ ...received, body: received.body.replace('Shop', 'Chop') }, secret)).toBe(false);
    const [event] = await ports.store.events.list(OWNER, { types: ['app.created'], limit: 1 });
    expect(received).toMatchObject({ method: 'POST', path: '/in', headers: { 'webhook-id': event?.id } });
    expect(JSON.parse(received.body)).toMatchObject({
      type: 'app.created',
      data: { id: event?.id, app_id: app.id, message: 'App "Shop" was created.' },
    });
    await expect.poll(() => statusesOf(webhook.id)).toEqual(['delivered']);
  });

  it('tells again what is retried', async () => {
    const loop = new WebhookLoop();
    const ports = portsWith(true, loop);
    scope.use(loop.begin(ports));
    const { webhook } = await subscribe(ports);
    status = 410;
    await createApp(ports, OWNER, APP);
    await expect.poll(() => statusesOf(webhook.id)).toEqual(['dead']);
    status = 200;
    const set = { enabled: true };
    await ports.store.commit({
      kind: 'webhook.update',
      owner: OWNER,
      id: webhook.id,
      set,
      at: ports.clock(),
    });
    const [event] = await ports.store.events.list(OWNER, { types: ['app.created'], limit: 1 });
    await retryDelivery(ports, OWNER, webhook.id, event?.id ?? '');
    await expect.poll(() => statusesOf(webhook.id)).toEqual(['delivered']);
  });

  it('tells nobody inside its network, unless its operator allows that', async () => {
    // Its operator allowed it once: said at the creation already, it is refused when it is sent all the same.
    const { webhook } = await subscribe(portsWith(true, new WebhookLoop()));
    const ports = portsWith(false, new WebhookLoop());
    await expect(subscribe(ports)).rejects.toThrow('url: The address is not on the public internet');
    await createApp(ports, OWNER, APP);
    await sendDueWebhooks(ports, new AbortController().signal);
    const [delivery] = await ports.store.webhooks.deliveries(OWNER, { webhookId: webhook.id, limit: 1 });
    expect(delivery).toMatchObject({
      status: 'pending',
      attempts: 1,
      lastError: expect.stringContaining('not on the public internet'),
    });
    expect(receiver.received).toEqual([]);
  });

  it('goes on after its database was away', async () => {
    const loop = new WebhookLoop();
    const ports = portsWith(true, loop);
    let isAway = true;
    const { webhooks } = ports.store;
    const take: typeof webhooks.take = (...args) =>
      isAway ? Promise.reject(new Error('away')) : webhooks.take(...args);
    scope.use(loop.begin({ ...ports, store: { ...ports.store, webhooks: { ...webhooks, take } } }));
    await subscribe(ports);
    await createApp(ports, OWNER, APP);
    await expect.poll(() => world.logged.map(({ cause }) => cause)).toContainEqual(new Error('away'));
    isAway = false;
    await createApp(ports, OWNER, APP);
    await expect.poll(() => receiver.received.length).toBe(2);
  });

  it('ends while an endpoint keeps it waiting', async () => {
    await using silent = await startReceiver(() => undefined);
    const loop = new WebhookLoop();
    const ports = portsWith(true, loop);
    const running = loop.begin(ports);
    const url = `${silent.origin}/in`;
    const { webhook } = await createWebhook(ports, OWNER, { url, description: '', event_types: null });
    await createApp(ports, OWNER, APP);
    await expect.poll(() => silent.received.length).toBe(1);
    await running[Symbol.asyncDispose]();
    expect(await statusesOf(webhook.id)).toEqual(['pending']);
  });
});
