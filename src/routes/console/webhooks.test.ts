import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { type Fields, signedInVisitor, type Visitor } from '../../../tests/fakes/visitor.ts';
import { recorded } from '../../domain/record.ts';
import type { Webhook, WebhookDelivery } from '../../domain/webhook.ts';
import { createWebhook, MAX_WEBHOOKS } from '../../domain/webhook-commands.ts';
import { SENDABLE_TYPES } from '../../domain/webhook-input.ts';

const URL_ = 'https://hooks.test/in';

let world: ApiWorld;
let visitor: Visitor;
beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
});

const text = async (answer: Promise<Response>) => (await answer).text();
const list = () => text(visitor.get('/settings/webhooks'));
const add = (fields: Fields) => visitor.post('/settings/webhooks', fields);
const kept = (owner = 'default') => world.ports.store.webhooks.list(owner);
const secretIn = (page: string) => /<code>(whsec_[\w+/]{43}=)<\/code>/.exec(page)?.[1] ?? '';
const hrefOf = ({ id }: Webhook) => `/settings/webhooks/${id}`;

/** A webhook that is there, and its secret. */
const made = (owner = 'default', url = URL_) =>
  createWebhook(world.ports, owner, { url, description: '', event_types: null });

const deliveries = (webhookId: string) =>
  world.ports.store.webhooks.deliveries('default', { webhookId, limit: 50 });

/** Has something happen that is on its way to whoever wants it. */
const happen = () =>
  world.ports.store.commit(
    recorded(world.ports, 'app.created', { owner: 'default', message: 'It is there.' }),
  );

const note = (delivery: WebhookDelivery, fields: Partial<WebhookDelivery>) =>
  world.ports.store.commit({ kind: 'delivery.note', delivery: { ...delivery, ...fields } });

const DEAD = {
  status: 'dead',
  attempts: 8,
  lastStatus: 503,
  lastError: 'The endpoint answered 503.',
} as const;

describe('a webhook that is added', () => {
  it('is sent everything, and its secret is on one page and on no other', async () => {
    const answer = await add({
      url: ` ${URL_} `,
      description: 'Bot <b>',
      events: 'everything',
      type: 'app.created',
    });
    const page = await answer.text();
    const secret = secretIn(page);
    const [webhook] = await kept();
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(webhook).toMatchObject({ url: URL_, description: 'Bot <b>', eventTypes: [], enabled: true });
    expect(secret).not.toBe('');
    expect(page).toContain(`data-copy="${secret}"`);
    expect(page).toContain('Bot &lt;b&gt;');
    for (const path of ['', `/${webhook?.id}`, `/${webhook?.id}/edit`, `/${webhook?.id}/rotate-secret`])
      expect(await text(visitor.get(`/settings/webhooks${path}`))).not.toContain(secret);
    const [entry] = await world.ports.store.audit.list({ limit: 1 });
    expect(entry).toMatchObject({ action: 'POST /settings/webhooks', target: { id: webhook?.id } });
  });

  it('offers every type of events that is sent, by kind, and takes some alone', async () => {
    const page = await list();
    const offered = [...page.matchAll(/name="type" value="([\w.]+)"/g)].map(([, type]) => type ?? '');
    expect(offered.toSorted()).toEqual(SENDABLE_TYPES.toSorted());
    expect(page).not.toContain('<legend>Webhooks</legend>');
    await add({ url: URL_, description: '', events: 'chosen', type: ['task.completed', 'task.failed'] });
    expect((await kept())[0]?.eventTypes).toEqual(['task.completed', 'task.failed']);
    expect(await list()).toContain('2 types of events');
  });

  it.each<[Fields & { url: string; events: string }, string, string]>([
    [{ url: '', events: 'everything' }, 'url', 'It must be an address like https://'],
    [{ url: 'ftp://a.test', events: 'everything' }, 'url', 'must be an address like'],
    [{ url: 'https://me:pass@a.test', events: 'everything' }, 'url', 'must not hold a user name'],
    [
      { url: URL_, events: 'everything', description: 'x'.repeat(201) },
      'description',
      'at most 200 characters',
    ],
    [{ url: URL_, events: 'chosen' }, 'events', 'Choose one at least'],
    [{ url: URL_, events: 'chosen', type: 'webhook.created' }, 'events', 'no type of events'],
    [{ url: URL_, events: 'chosen', type: 'nonsense' }, 'events', 'no type of events'],
  ])('is refused at its field, with what was typed: %j', async (fields, id, said) => {
    const answer = await add({ description: 'Kept', ...fields });
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(new RegExp(`id="${id}-problem">([^<]*)<`).exec(page)?.[1]).toContain(said);
    expect(page.match(/field-problem/g)).toHaveLength(1);
    expect(page).toContain(`name="url" type="text" inputmode="url" value="${fields.url}"`);
    expect(page).toContain(`value="${fields.events}" checked`);
    expect(await kept()).toEqual([]);
  });

  it('keeps the types that were checked when something else is wrong', async () => {
    const page = await text(add({ url: 'x', events: 'chosen', type: ['task.failed', 'app.deleted'] }));
    const checked = [...page.matchAll(/name="type" value="([\w.]+)" checked/g)].map(([, type]) => type);
    expect(checked).toEqual(['app.deleted', 'task.failed']);
  });

  it('is one of so many', async () => {
    for (let n = 0; n < MAX_WEBHOOKS; n += 1) await made();
    const answer = await add({ url: URL_, events: 'everything' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`You have ${MAX_WEBHOOKS} webhooks`);
  });
});

describe('a webhook', () => {
  it('is changed, and what is as it was is left alone', async () => {
    const { webhook } = await made();
    const edit = `${hrefOf(webhook)}/edit`;
    expect(await text(visitor.get(edit))).toContain(`value="${URL_}"`);
    await visitor.post(edit, { url: URL_, description: 'New', events: 'chosen', type: 'task.failed' });
    expect((await kept())[0]).toMatchObject({ url: URL_, description: 'New', eventTypes: ['task.failed'] });
    const [event] = await world.ports.store.events.list('default', { limit: 1 });
    expect(event?.payload).toMatchObject({ fields: 'description,event_types' });
    await visitor.post(edit, { url: URL_, description: 'New', events: 'chosen', type: 'task.failed' });
    expect((await world.ports.store.events.list('default', { limit: 1 }))[0]?.id).toBe(event?.id);
    const refused = await visitor.post(edit, { url: 'x', description: 'Newer', events: 'everything' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('value="Newer"');
  });

  it('is disabled and enabled', async () => {
    const { webhook } = await made();
    await visitor.post(`${hrefOf(webhook)}/disable`);
    expect((await kept())[0]?.enabled).toBe(false);
    expect(await text(visitor.get(hrefOf(webhook)))).toMatch(/Disabled.*>Enable</s);
    await visitor.post(`${hrefOf(webhook)}/enable`);
    expect((await kept())[0]?.enabled).toBe(true);
  });

  it.each([
    [204, 'alert-ok', 'it answered 204'],
    [500, 'alert-bad', 'The endpoint answered 500.'],
  ])('is tested, and what came of it is told: %i', async (status, tone, said) => {
    world.webhookSender.answer = () => status;
    const { webhook } = await made();
    const page = await text(visitor.post(`${hrefOf(webhook)}/test`));
    expect(world.webhookSender.sent.map(({ url }) => url)).toEqual([URL_]);
    expect(page).toMatch(new RegExp(`alert ${tone}.*${said}`, 's'));
  });

  it('gets a new secret, which is on one page and on no other', async () => {
    const { webhook, secret } = await made();
    const href = `${hrefOf(webhook)}/rotate-secret`;
    expect(await text(visitor.get(href))).toContain('id="question"');
    const fresh = secretIn(await text(visitor.post(href)));
    expect(fresh).not.toBe('');
    expect(fresh).not.toBe(secret);
    expect(await text(visitor.get(hrefOf(webhook)))).not.toContain('whsec_');
  });

  it('is deleted after a question', async () => {
    const { webhook } = await made();
    expect(await text(visitor.get(`${hrefOf(webhook)}/delete`))).toContain('id="question"');
    const answer = await visitor.post(`${hrefOf(webhook)}/delete`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/settings/webhooks']);
    expect(await kept()).toEqual([]);
  });
});

describe('the deliveries of a webhook', () => {
  it('are told with what came of them, by status', async () => {
    const { webhook } = await made();
    for (let n = 0; n < 3; n += 1) await happen();
    const [one, two, three] = await deliveries(webhook.id);
    if (one === undefined || two === undefined || three === undefined) throw new Error('some are not there');
    await note(one, { ...DEAD, endedAt: world.ports.clock() });
    await note(two, { status: 'delivered', attempts: 1, lastStatus: 204, endedAt: world.ports.clock() });
    await note(three, { attempts: 2, lastError: 'Too slow.', nextAttemptAt: world.ports.clock() + 60_000 });
    const page = await text(visitor.get(hrefOf(webhook)));
    expect(page).toMatch(/Dead.*8 attempts.*The endpoint answered 503\..*Send again/s);
    expect(page).toMatch(/Delivered.*1 attempt · answered 204/s);
    expect(page).toMatch(/On its way.*2 attempts · tried again in 1.min.*Too slow\./s);
    expect(page.match(/id="delivery-/g)).toHaveLength(3);
    for (const { eventId, status } of await deliveries(webhook.id)) {
      const some = await text(visitor.get(`${hrefOf(webhook)}?status=${status}`));
      expect(some.match(/id="delivery-\w+/g)).toEqual([`id="delivery-${eventId}`]);
    }
    expect(await list()).toContain(`href="${hrefOf(webhook)}?status=dead"`);
    expect((await visitor.get(`${hrefOf(webhook)}?status=nonsense`)).status).toBe(400);
  });

  it('are paged through, each once, within what was chosen', async () => {
    const { webhook } = await made();
    for (let n = 0; n < 45; n += 1) await happen();
    const seen: string[] = [];
    let path: string | undefined = `${hrefOf(webhook)}?status=pending`;
    for (let pages = 0; path !== undefined; pages += 1) {
      expect(pages).toBeLessThan(3);
      const page = await text(visitor.get(path));
      seen.push(...(page.match(/id="delivery-\w+/g) ?? []));
      path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(new Set(seen).size).toBe(45);
    expect(seen).toHaveLength(45);
  });

  it('are sent again once they are dead, and not while the webhook is disabled', async () => {
    const { webhook } = await made();
    await happen();
    const [delivery] = await deliveries(webhook.id);
    if (delivery === undefined) throw new Error('it is on its way to nobody');
    const retry = `${hrefOf(webhook)}/deliveries/${delivery.eventId}/retry`;
    expect((await visitor.post(retry)).status).toBe(409);
    await note(delivery, DEAD);
    await visitor.post(`${hrefOf(webhook)}/disable`);
    expect(await text(visitor.get(hrefOf(webhook)))).not.toContain('Send again');
    expect((await visitor.post(retry)).status).toBe(409);
    await visitor.post(`${hrefOf(webhook)}/enable`);
    const answer = await visitor.post(retry, { status: 'dead' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${hrefOf(webhook)}?status=dead`]);
    expect((await deliveries(webhook.id))[0]).toMatchObject({ status: 'pending', attempts: 0 });
  });
});

describe('a webhook of somebody else', () => {
  it('is not there, whatever is asked of it', async () => {
    const { webhook } = await made('rival', 'https://rival.test/secret-plan');
    const event = recorded(world.ports, 'app.created', { owner: 'rival', message: 'It is there.' });
    await world.ports.store.commit(event);
    const [delivery] = await world.ports.store.webhooks.deliveries('rival', {
      webhookId: webhook.id,
      limit: 1,
    });
    expect(await list()).not.toContain('secret-plan');
    for (const path of ['', '/edit', '/delete', '/rotate-secret'])
      expect([path, (await visitor.get(hrefOf(webhook) + path)).status]).toEqual([path, 404]);
    const retry = `/deliveries/${delivery?.eventId}/retry`;
    for (const path of ['/edit', '/delete', '/rotate-secret', '/enable', '/disable', '/test', retry])
      expect([path, (await visitor.post(hrefOf(webhook) + path, { url: URL_ })).status]).toEqual([path, 404]);
    expect(await kept('rival')).toEqual([webhook]);
    expect(world.webhookSender.sent).toEqual([]);
  });
});

it('no webhook is touched by a form that does not know the session', async () => {
  const { webhook } = await made();
  const forged = { csrf_token: 'wrong', url: 'https://evil.test', events: 'everything' };
  expect((await add(forged)).status).toBe(403);
  const retry = '/deliveries/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry';
  for (const path of ['/edit', '/delete', '/rotate-secret', '/disable', '/test', retry])
    expect([path, (await visitor.post(hrefOf(webhook) + path, forged)).status]).toEqual([path, 403]);
  expect(await kept()).toEqual([webhook]);
  expect(world.webhookSender.sent).toEqual([]);
});
