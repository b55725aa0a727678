import { beforeEach, describe, expect, it } from 'vitest';
import { configContext } from '../../src/domain/config-item.ts';
import { credentialContext } from '../../src/domain/credential.ts';
import { type IdempotentRequest, idempotencyContext } from '../../src/domain/idempotency.ts';
import type { SealedPlace, SealedRow } from '../../src/domain/sealed.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { webhookContext } from '../../src/domain/webhook.ts';
import { aConfigItem, anApp, aWebhook, OWNER, STRANGER } from '../fakes/rows.ts';

const LATER = Date.UTC(2026, 0, 1, 13);

const aRequest = (fields: Partial<IdempotentRequest> = {}): IdempotentRequest => ({
  owner: OWNER,
  key: 'key-1',
  sealedRequest: 'v1.old.request',
  createdAt: LATER,
  ...fields,
});
const claimed = (request: IdempotentRequest, since = LATER - 100): Change => ({
  kind: 'idempotency.claim',
  request,
  since,
});
const answered = (owner = OWNER, sealedAnswer = 'v1.old.answer'): Change => ({
  kind: 'idempotency.answer',
  owner,
  key: 'key-1',
  sealedAnswer,
});
const released = (owner = OWNER): Change => ({ kind: 'idempotency.release', owner, key: 'key-1' });

const resealed = (place: SealedPlace, was: string, sealed: string): Change => ({
  kind: 'reseal',
  place,
  was,
  sealed,
});
const conflict = expect.objectContaining({ name: 'SandboxdError', code: 'conflict' });

/** What every {@link Store} does with requests that have a key, and with everything that is sealed. */
export function sealedStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const find = (owner = OWNER, since = LATER - 100) => current().idempotency.find(owner, 'key-1', since);
  const others = (keyId = 'new') => current().sealed.others(keyId, 50);

  describe('a request with a key', () => {
    it('is claimed by one of many, and found with its answer', async () => {
      const claims = Array.from({ length: 10 }, (_, index) =>
        commit(claimed(aRequest({ sealedRequest: `v1.old.${index}` }))),
      );
      const outcomes = await Promise.allSettled(claims);
      const won = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(9);
      const request = aRequest({ sealedRequest: `v1.old.${won}` });
      expect(await find()).toEqual(request);
      await commit(answered());
      expect(await find()).toEqual({ ...request, sealedAnswer: 'v1.old.answer' });
      await expect(commit(claimed(aRequest()))).rejects.toEqual(conflict);
    });

    it("is its owner's own", async () => {
      await commit(claimed(aRequest()), claimed(aRequest({ owner: STRANGER })));
      await commit(answered(STRANGER), released(STRANGER));
      expect(await find()).toEqual(aRequest());
      expect(await find('nobody')).toBeUndefined();
    });

    it('makes room for another one when it is too old', async () => {
      await commit(claimed(aRequest({ createdAt: LATER - 100 })));
      expect(await find()).toBeUndefined();
      expect(await find(OWNER, LATER - 101)).toBeDefined();
      await commit(answered(), claimed(aRequest({ sealedRequest: 'v1.old.another' })));
      expect(await find()).toEqual(aRequest({ sealedRequest: 'v1.old.another' }));
    });

    it('is taken back when it came to nothing, but not once it is answered', async () => {
      await commit(claimed(aRequest()));
      await commit(released());
      expect(await find()).toBeUndefined();
      await commit(released(), answered(), claimed(aRequest()), answered(), released());
      expect(await find()).toEqual(aRequest({ sealedAnswer: 'v1.old.answer' }));
    });

    it('is dropped some time later', async () => {
      await commit(claimed(aRequest()), claimed(aRequest({ key: 'key-2', createdAt: LATER - 1 })));
      await commit({ kind: 'leftovers.expire', deliveriesBefore: 0, requestsBefore: LATER });
      expect(await find()).toBeDefined();
      expect(await current().idempotency.find(OWNER, 'key-2', 0)).toBeUndefined();
    });
  });

  describe('everything that is sealed', () => {
    const app = anApp();
    const item = aConfigItem({ appId: app.id, sealed: 'v1.old.config' });
    const plain = { ...item, key: 'PLAIN', sensitive: false };
    const webhook = aWebhook({ sealed: 'v1.old.webhook' });
    const provider = 'anthropic';
    const credential = { owner: OWNER, provider, sealed: 'v1.old.credential', updatedAt: LATER } as const;
    const parts = { owner: OWNER, key: 'key-1' };
    const rows: SealedRow[] = [
      {
        place: { kind: 'config', appId: app.id, key: item.key },
        context: configContext(item),
        sealed: item.sealed,
      },
      {
        place: { kind: 'config', appId: app.id, key: 'PLAIN' },
        context: configContext(plain),
        sealed: item.sealed,
      },
      {
        place: { kind: 'credential', owner: OWNER, provider },
        context: credentialContext(OWNER, provider),
        sealed: credential.sealed,
      },
      ...(['answer', 'request'] as const).map(
        (part): SealedRow => ({
          place: { kind: 'idempotency', ...parts, part },
          context: idempotencyContext(parts, part),
          sealed: `v1.old.${part}`,
        }),
      ),
      {
        place: { kind: 'webhook', id: webhook.id },
        context: webhookContext(webhook),
        sealed: webhook.sealed,
      },
    ];
    beforeEach(() =>
      commit(
        { kind: 'app.insert', app },
        { kind: 'config.insert', item },
        { kind: 'config.insert', item: plain },
        { kind: 'credential.put', credential },
        { kind: 'webhook.insert', webhook },
        claimed(aRequest()),
        answered(),
      ),
    );
    it('is found unless it was sealed by the key that is asked for', async () => {
      expect(await others()).toEqual(rows);
      expect(await others('old')).toEqual([]);
      expect(await others('ol')).toEqual(rows);
      await commit(claimed(aRequest({ key: 'key-2', sealedRequest: 'v1.new.request' })));
      expect(await others()).toEqual(rows);
    });

    it.each([1, 2, 3, 7])('is found in pages of %i, each row once', async (limit) => {
      const found: SealedRow[] = [];
      for (;;) {
        const page = await current().sealed.others('new', limit, found.at(-1)?.place);
        expect(page.length).toBeLessThanOrEqual(limit);
        if (page.length === 0) break;
        found.push(...page);
      }
      expect(found).toEqual(rows);
    });

    it.each(rows.map((row) => [row.place.kind, row] as const))(
      'is sealed anew where it stands: %s',
      async (_, { place, sealed }) => {
        await commit(resealed(place, 'v1.old.another', 'v1.new.x'));
        expect(await others()).toEqual(rows);
        await commit(resealed(place, sealed, 'v1.new.x'));
        expect(await others()).toEqual(rows.filter((row) => row.place !== place));
        const [again] = await others('old');
        expect(again).toMatchObject({ place, sealed: 'v1.new.x' });
      },
    );
  });
}
