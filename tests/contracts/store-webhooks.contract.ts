import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import type { Webhook, WebhookDelivery } from '../../src/domain/webhook.ts';
import { aReport, aSandbox, aWebhook, anEvent, newId, NODE, OWNER, STRANGER } from '../fakes/rows.ts';

const LATER = Date.UTC(2026, 0, 1, 13);
const LEASE = LATER + 1000;

const inserted = (webhook: Webhook): Change => ({ kind: 'webhook.insert', webhook });
const updated = (
  { owner, id }: Webhook,
  set: Extract<Change, { kind: 'webhook.update' }>['set'],
  at = LATER,
): Change => ({ kind: 'webhook.update', owner, id, set, at });
const noted = (delivery: WebhookDelivery): Change => ({ kind: 'delivery.note', delivery });
const retried = ({ owner, webhookId, eventId }: WebhookDelivery, at = LATER): Change => ({
  kind: 'delivery.retry',
  owner,
  webhookId,
  eventId,
  at,
});

const pending = (webhook: Webhook, event: Event): WebhookDelivery => ({
  webhookId: webhook.id,
  eventId: event.id,
  eventType: event.type,
  owner: webhook.owner,
  status: 'pending',
  attempts: 0,
  nextAttemptAt: event.createdAt,
});

/** What every {@link Store} does with webhooks, and with what is on its way to them. */
export function webhookStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const insert = async (fields: Partial<Webhook> = {}): Promise<Webhook> => {
    const webhook = aWebhook(fields);
    await commit(inserted(webhook));
    return webhook;
  };
  const record = async (fields: Partial<Event> = {}): Promise<Event> => {
    const event = anEvent(fields);
    await commit({ kind: 'event', event });
    return event;
  };
  const deliveries = ({ owner, id }: Webhook, query = {}) =>
    current().webhooks.deliveries(owner, { webhookId: id, limit: 50, ...query });
  const take = (now = LATER, limit = 50, except: string[] = []) =>
    current().webhooks.take(now, LEASE, limit, except);
  const dead = {
    status: 'dead',
    attempts: 8,
    lastStatus: 500,
    lastError: 'It "broke".',
    endedAt: LATER,
  } as const;

  describe('webhooks', () => {
    it('have new secrets from those who have seen the ones there are', async () => {
      const webhook = await insert();
      const { owner, id, sealed: were } = webhook;
      const put = (sealed: string): Change => ({
        kind: 'webhook.update',
        owner,
        id,
        set: { sealed },
        were,
        at: LATER,
      });
      await commit(put('sealed-2'));
      await expect(commit(put('sealed-3'))).rejects.toMatchObject({ code: 'conflict' });
      expect(await current().webhooks.find(owner, id)).toMatchObject({ sealed: 'sealed-2' });
    });

    it('are at most so many of one owner', async () => {
      for (const owner of [STRANGER, OWNER, OWNER])
        await commit({ kind: 'webhook.insert', webhook: aWebhook({ owner }), most: 2 });
      await expect(commit({ kind: 'webhook.insert', webhook: aWebhook(), most: 2 })).rejects.toMatchObject({
        code: 'invalid_request',
      });
      expect(await current().webhooks.list(OWNER)).toHaveLength(2);
    });

    it('are read back as they were written, newest first', async () => {
      const plain = await insert();
      const full = await insert({
        url: 'https://hooks.example/"; DROP TABLE webhooks; --',
        description: 'Ünïcode 🚀',
        eventTypes: ['app.created', 'task.failed'],
        enabled: false,
      });
      expect(await current().webhooks.list(OWNER)).toEqual([full, plain]);
      expect(await current().webhooks.find(OWNER, plain.id)).toEqual(plain);
      await expect(commit(inserted(plain))).rejects.toMatchObject({ code: 'conflict' });
    });

    it('change only in the fields that are given', async () => {
      const webhook = await insert();
      const set = { url: 'https://other.example/', eventTypes: ['app.deleted'], enabled: false } as const;
      await commit(updated(webhook, { ...set, description: undefined }));
      await commit(updated(webhook, { description: 'New', sealed: 'sealed-2' }, LATER + 1));
      const changed = { ...webhook, ...set, description: 'New', sealed: 'sealed-2', updatedAt: LATER + 1 };
      expect(await current().webhooks.find(OWNER, webhook.id)).toEqual(changed);
      await commit(updated(webhook, { description: '', eventTypes: [], enabled: true }));
      const emptied = { ...changed, description: '', eventTypes: [], enabled: true, updatedAt: LATER };
      expect(await current().webhooks.find(OWNER, webhook.id)).toEqual(emptied);
      await commit(updated(aWebhook(), set));
      expect(await current().webhooks.list(OWNER)).toHaveLength(1);
    });

    it('take what is on its way along when they are deleted', async () => {
      const [webhook, other] = [await insert(), await insert()];
      await record();
      await commit({ kind: 'webhook.delete', owner: OWNER, id: webhook.id });
      expect(await current().webhooks.list(OWNER)).toEqual([other]);
      expect(await deliveries(webhook)).toEqual([]);
      expect((await take()).map((due) => due.webhook.id)).toEqual([other.id]);
    });
  });

  describe('an event', () => {
    it('is delivered to each webhook of its owner that is enabled and wants its type', async () => {
      const [all, some] = [await insert(), await insert({ eventTypes: ['task.failed', 'app.created'] })];
      const rest = { eventTypes: ['task.failed'], enabled: true } as const;
      const none = [await insert(rest), await insert({ enabled: false }), await insert({ owner: STRANGER })];
      const event = await record();
      for (const webhook of [all, some]) expect(await deliveries(webhook)).toEqual([pending(webhook, event)]);
      for (const webhook of none) expect(await deliveries(webhook)).toEqual([]);
    });

    it('is delivered once, however often it is recorded', async () => {
      const webhook = await insert();
      const snapshotId = newId();
      const event = await record({ type: 'snapshot.deleted', snapshotId });
      await commit({ kind: 'event', event });
      await record({ type: 'snapshot.deleted', snapshotId });
      expect(await deliveries(webhook)).toEqual([pending(webhook, event)]);
    });

    it('about a webhook is delivered to none', async () => {
      const webhook = await insert({ eventTypes: [] });
      await record({ type: 'webhook.delivery.dead' });
      await record({ type: 'webhook.created' });
      expect(await deliveries(webhook)).toEqual([]);
    });

    it('from a report is delivered like any other, once', async () => {
      const webhook = await insert({ eventTypes: ['sandbox.started'] });
      const sandbox = aSandbox();
      await commit({ kind: 'sandbox.insert', sandbox });
      const report = (): Change => ({
        kind: 'report',
        nodeId: NODE,
        eventId: newId(),
        report: aReport(1, sandbox.id),
      });
      await commit(report());
      await commit(report());
      const [event] = await current().events.list(OWNER, { limit: 5 });
      expect.assert(event !== undefined);
      expect(await deliveries(webhook)).toEqual([pending(webhook, event)]);
    });

    it('of a commit that fails is on its way to nobody', async () => {
      const webhook = await insert();
      await expect(commit({ kind: 'event', event: anEvent() }, inserted(webhook))).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await deliveries(webhook)).toEqual([]);
    });
  });

  describe('a delivery', () => {
    it('that is due is given to one sender, and comes back when that one has had its time', async () => {
      const webhook = await insert();
      const event = await record();
      const taken = await Promise.all(Array.from({ length: 10 }, () => take()));
      const delivery = { ...pending(webhook, event), nextAttemptAt: LEASE };
      expect(taken.flat()).toEqual([{ delivery, webhook, event }]);
      expect(await take(LEASE - 1)).toEqual([]);
      expect(await take(LEASE)).toHaveLength(1);
    });

    it('is given out in turn, the longest due first', async () => {
      await insert();
      const [late, early, next, notYet] = [LATER, LATER - 2, LATER - 1, LATER + 1];
      for (const createdAt of [late, early, next, notYet]) await record({ createdAt });
      const createdAt = async (limit: number) => (await take(LATER, limit)).map((due) => due.event.createdAt);
      expect(await createdAt(2)).toEqual([early, next]);
      expect(await createdAt(2)).toEqual([late]);
    });

    it('stays where it is when its webhook is not to be served', async () => {
      const [one, other] = [await insert(), await insert()];
      await record();
      expect((await take(LATER, 1, [one.id])).map(({ webhook }) => webhook)).toEqual([other]);
      expect(await take(LATER, 1, [one.id])).toEqual([]);
      expect((await take(LATER, 1)).map(({ webhook }) => webhook)).toEqual([one]);
    });

    it('waits while its webhook is not enabled', async () => {
      const webhook = await insert();
      await record();
      await commit(updated(webhook, { enabled: false }));
      expect(await take()).toEqual([]);
      await record();
      await commit(updated(webhook, { description: 'Still off' }));
      expect(await take()).toEqual([]);
      await commit(updated(webhook, { enabled: true }));
      expect(await take()).toHaveLength(1);
    });

    it('is what its last attempt made of it, until it has ended', async () => {
      const webhook = await insert();
      const delivery = pending(webhook, await record());
      const tried = { ...delivery, attempts: 1, nextAttemptAt: LEASE, lastStatus: 503, lastError: 'Busy.' };
      await commit(noted(tried));
      expect(await deliveries(webhook)).toEqual([tried]);
      expect(await current().webhooks.delivery(OWNER, webhook.id, tried.eventId)).toEqual(tried);
      const done = {
        ...delivery,
        status: 'delivered',
        attempts: 2,
        lastStatus: 204,
        endedAt: LATER,
      } as const;
      await commit(noted(done), noted(tried));
      expect(await deliveries(webhook)).toEqual([done]);
      expect(await take(LEASE)).toEqual([]);
      await commit(noted({ ...tried, eventId: newId() }));
      expect(await deliveries(webhook)).toHaveLength(1);
    });

    it('that is dead can be sent once more from the beginning, and no other', async () => {
      const webhook = await insert();
      const [one, other] = [pending(webhook, await record()), pending(webhook, await record())];
      await commit(noted({ ...one, ...dead }), retried(one, LATER - 5), retried(other));
      expect(await deliveries(webhook)).toEqual([other, { ...one, nextAttemptAt: LATER - 5 }]);
      await commit(noted({ ...one, ...dead }), updated(webhook, { enabled: false }), retried(one));
      expect(await take()).toEqual([]);
    });

    it('is listed with the latest event first, in pages, by status', async () => {
      const webhook = await insert();
      const made: WebhookDelivery[] = [];
      for (let index = 0; index < 6; index += 1) made.unshift(pending(webhook, await record()));
      const [fifth, fourth, third, second] = made;
      expect.assert(second !== undefined && third !== undefined && fourth !== undefined);
      await commit(noted({ ...fourth, ...dead }), noted({ ...second, ...dead }));
      expect((await deliveries(webhook, { limit: 2 })).map(({ eventId }) => eventId)).toEqual([
        fifth?.eventId,
        fourth.eventId,
      ]);
      expect(await deliveries(webhook, { limit: 1, before: fourth.eventId })).toEqual([third]);
      const died = [
        { ...fourth, ...dead },
        { ...second, ...dead },
      ];
      expect(await deliveries(webhook, { status: 'dead' })).toEqual(died);
      expect(await deliveries(webhook, { status: 'dead', before: fourth.eventId })).toEqual(died.slice(1));
      expect(await deliveries(webhook, { status: 'delivered' })).toEqual([]);
    });

    it('is dropped some time after it has ended, and with its event', async () => {
      const webhook = await insert();
      const [ended, recent, open] = [await record(), await record(), await record()].map((event) =>
        pending(webhook, event),
      );
      expect.assert(ended !== undefined && recent !== undefined && open !== undefined);
      await commit(noted({ ...ended, ...dead }), noted({ ...recent, ...dead, endedAt: LATER + 1 }));
      await commit({ kind: 'leftovers.expire', deliveriesBefore: LATER + 1, requestsBefore: 0 });
      const left = (await deliveries(webhook)).map(({ eventId }) => eventId);
      expect(left).toEqual([open.eventId, recent.eventId]);
      await commit({ kind: 'history.expire', before: Date.now() + 60_000, limit: 100 });
      expect(await deliveries(webhook)).toEqual([]);
    });
  });

  it("finds nothing of somebody else's webhook, and changes nothing of it", async () => {
    const webhook = await insert();
    const delivery = pending(webhook, await record());
    const stolen = { ...delivery, owner: STRANGER };
    expect(await current().webhooks.list(STRANGER)).toEqual([]);
    expect(await current().webhooks.find(STRANGER, webhook.id)).toBeUndefined();
    expect(await deliveries({ ...webhook, owner: STRANGER })).toEqual([]);
    expect(await current().webhooks.delivery(STRANGER, webhook.id, delivery.eventId)).toBeUndefined();
    await commit(
      updated({ ...webhook, owner: STRANGER }, { enabled: false }),
      { kind: 'webhook.delete', owner: STRANGER, id: webhook.id },
      noted({ ...stolen, ...dead }),
    );
    expect(await current().webhooks.find(OWNER, webhook.id)).toEqual(webhook);
    expect(await deliveries(webhook)).toEqual([delivery]);
    await commit(noted({ ...delivery, ...dead }), retried(stolen));
    expect(await deliveries(webhook, { status: 'dead' })).toHaveLength(1);
  });
}
