import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/domain/app.ts';
import type { ConfigItem } from '../../src/domain/config-item.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import {
  aConfigItem,
  anApp,
  anEvent,
  anObservation,
  aSandbox,
  newId,
  NODE,
  OWNER,
  STRANGER,
} from '../fakes/rows.ts';

const LATER = Date.UTC(2026, 0, 1, 13);

const inserted = (item: ConfigItem): Change => ({ kind: 'config.insert', item });
const updated = (item: ConfigItem, was: Pick<ConfigItem, 'sealed' | 'updatedAt'>): Change => ({
  kind: 'config.update',
  item,
  was,
});
const deleted = ({ owner, appId, key }: ConfigItem): Change => ({ kind: 'config.delete', owner, appId, key });
const unreadable = ({ owner, appId, key, sealed }: ConfigItem, at = LATER): Change => ({
  kind: 'config.unreadable',
  owner,
  appId,
  key,
  sealed,
  at,
});

/** What every {@link Store} does with an app's configuration, and with its own settings. */
export function configStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const find = ({ owner, appId, key }: ConfigItem) => current().config.find(owner, appId, key);

  describe('config', () => {
    const revision = () => current().config.revision(app.id);
    let app: App;
    beforeEach(async () => {
      app = anApp();
      await commit({ kind: 'app.insert', app });
    });
    const insert = async (fields: Partial<ConfigItem> = {}): Promise<ConfigItem> => {
      const item = aConfigItem({ appId: app.id, ...fields });
      await commit(inserted(item));
      return item;
    };

    it('is read back as it was written, by key', async () => {
      const second = await insert({ key: 'b' });
      const odd = { key: '😀="; DROP TABLE apps; --', sensitive: false, accessPolicy: 'both' } as const;
      const last = await insert({
        ...odd,
        sealed: 's'.repeat(100_000),
        unreadableSince: 5,
        updatedAt: LATER,
      });
      const first = await insert({ key: 'B' });
      expect(await current().config.list(OWNER, app.id)).toEqual([first, second, last]);
      expect(await find(last)).toEqual(last);
      expect(await find({ ...last, key: 'c' })).toBeUndefined();
    });

    it('has a key once, and an app of its own owner', async () => {
      const item = await insert();
      await expect(commit(inserted({ ...item, sealed: 'other' }))).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await find(item)).toEqual(item);
      expect(await revision()).toBe(1);
      for (const orphan of [{ appId: newId() }, { appId: app.id, owner: STRANGER, key: 'b' }])
        await expect(commit(inserted(aConfigItem(orphan)))).rejects.toMatchObject({ code: 'not_found' });
    });

    it('has room for so many items, and so many bytes', async () => {
      const room = { items: 2, bytes: 100 };
      const put = (item: ConfigItem) => commit({ kind: 'config.insert', item, room });
      const change = (item: ConfigItem, sealed: string) =>
        commit({ kind: 'config.update', item: { ...item, sealed, updatedAt: LATER }, was: item, room });
      const first = aConfigItem({ appId: app.id, key: 'ü', sealed: 's'.repeat(40) });
      const second = aConfigItem({ appId: app.id, key: 'b', sealed: 's'.repeat(88) });
      await put(first);
      const elsewhere = anApp();
      await commit({ kind: 'app.insert', app: elsewhere }, inserted({ ...second, appId: elsewhere.id }));
      // Of its key 2 and 1 bytes, of the values 30 and 66: 99 altogether.
      await put(second);
      await expect(change(second, 's'.repeat(92))).rejects.toMatchObject({ code: 'conflict' });
      await change(second, 's'.repeat(89));
      await expect(put({ ...first, key: 'c', sealed: '' })).rejects.toMatchObject({ code: 'conflict' });
      expect(await current().config.list(OWNER, app.id)).toHaveLength(2);
    });

    it('changes as a whole, but for its age', async () => {
      const item = await insert();
      const set = { sensitive: false, accessPolicy: 'both', sealed: 'sealed-2', updatedAt: LATER } as const;
      await commit(updated({ ...item, ...set, createdAt: LATER }, item));
      expect(await find(item)).toEqual({ ...item, ...set });
    });

    it('does not change for somebody who has not seen what is there', async () => {
      const item = await insert({ sealed: 'sealed-2' });
      const changed = { ...item, sealed: 'sealed-3', updatedAt: LATER };
      const event = anEvent();
      for (const was of [{ sealed: 'sealed-1' }, { updatedAt: LATER }]) {
        const commits = commit(updated(changed, { ...item, ...was }), { kind: 'event', event });
        await expect(commits).rejects.toMatchObject({ name: 'SandboxdError', code: 'conflict' });
      }
      expect(await current().config.list(OWNER, app.id)).toEqual([item]);
      expect(await current().events.list(OWNER, { limit: 5 })).toEqual([]);
      expect(await revision()).toBe(1);
    });

    it('that is gone does not change, and nobody minds', async () => {
      const item = aConfigItem({ appId: app.id });
      await commit(updated({ ...item, sealed: 'sealed-2' }, item));
      expect(await find(item)).toBeUndefined();
      expect(await revision()).toBe(0);
    });

    it('is changed by one of many who have seen the same', async () => {
      const item = await insert();
      const changes = Array.from({ length: 10 }, (_, index) =>
        commit(updated({ ...item, sealed: `sealed-${index}`, updatedAt: LATER }, item)),
      );
      const outcomes = await Promise.allSettled(changes);
      const won = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(9);
      expect(await find(item)).toMatchObject({ sealed: `sealed-${won}` });
    });

    it('stays unreadable since it was found so, until it has another value', async () => {
      const item = await insert();
      await commit(unreadable(item), unreadable(item, LATER + 1));
      expect(await find(item)).toEqual({ ...item, unreadableSince: LATER });
      await commit(updated({ ...item, accessPolicy: 'both' }, item));
      expect(await find(item)).toEqual({ ...item, accessPolicy: 'both', unreadableSince: LATER });
      await commit(updated({ ...item, sealed: 'sealed-2' }, item));
      expect(await find(item)).toEqual({ ...item, sealed: 'sealed-2' });
      // Who has found that out of the value before says nothing of this one.
      await commit(unreadable(item));
      expect(await find(item)).toEqual({ ...item, sealed: 'sealed-2' });
    });

    it("counts an app's changes, and those alone", async () => {
      expect(await revision()).toBe(0);
      const [one, other] = [await insert(), await insert({ key: 'b' })];
      expect(await revision()).toBe(2);
      await commit(updated({ ...one, sealed: 'sealed-2' }, one), deleted(other), deleted(other));
      expect(await revision()).toBe(4);
      await commit(unreadable(one), deleted(other));
      await commit({
        kind: 'reseal',
        place: { kind: 'config', ...one },
        was: 'sealed-2',
        sealed: 'sealed-3',
      });
      expect((await find(one))?.sealed).toBe('sealed-3');
      expect(await revision()).toBe(4);
    });

    it('goes with its app', async () => {
      const item = await insert();
      await commit({ kind: 'app.delete', owner: STRANGER, id: app.id });
      expect(await find(item)).toEqual(item);
      await commit({ kind: 'app.delete', owner: OWNER, id: app.id });
      expect(await find(item)).toBeUndefined();
      expect(await revision()).toBe(0);
      await commit({ kind: 'app.insert', app });
      expect(await current().config.list(OWNER, app.id)).toEqual([]);
    });

    it('tells a node how far the apps of its sandboxes are, also where no item is left', async () => {
      const plain = anApp();
      const sandbox = aSandbox({ appId: app.id });
      await commit({ kind: 'app.insert', app: plain }, { kind: 'sandbox.insert', sandbox });
      const others = [aSandbox({ appId: plain.id }), aSandbox(), aSandbox({ nodeId: 'node-2' })];
      for (const other of others) await commit({ kind: 'sandbox.insert', sandbox: other });
      expect(await current().config.revisionsOn(NODE)).toEqual([]);
      await commit(deleted(await insert()));
      const known = { sandboxId: sandbox.id, owner: OWNER, appId: app.id, revision: 2 };
      expect(await current().config.revisionsOn(NODE)).toEqual([known]);
      expect(await current().config.revisionsOn('node-2')).toEqual([]);
      const gone = anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' });
      await commit(
        { kind: 'sandbox.order', owner: OWNER, id: sandbox.id, desired: 'absent', at: LATER },
        { kind: 'sandbox.observed', nodeId: NODE, observation: gone, at: LATER },
      );
      expect(await current().config.revisionsOn(NODE)).toEqual([]);
    });

    it("of somebody else's app is neither found nor changed", async () => {
      const item = await insert();
      const stolen = { ...item, owner: STRANGER };
      expect(await find(stolen)).toBeUndefined();
      expect(await current().config.list(STRANGER, app.id)).toEqual([]);
      await commit(updated({ ...stolen, sealed: 'other' }, item), unreadable(stolen), deleted(stolen));
      expect(await find(item)).toEqual(item);
      expect(await revision()).toBe(1);
    });
  });

  describe('settings', () => {
    it('are what was set of them, each by itself', async () => {
      expect(await current().settings.lifecycle()).toEqual({});
      const set = { idleReapEnabled: false, idleThresholdSeconds: undefined };
      await commit({ kind: 'settings.lifecycle', set, at: LATER });
      expect(await current().settings.lifecycle()).toEqual({ idleReapEnabled: false });
      await commit({ kind: 'settings.lifecycle', set: { idleThresholdSeconds: 60 }, at: LATER });
      await commit({ kind: 'settings.lifecycle', set: { keepaliveMaxSeconds: 0 }, at: LATER });
      const all = { idleReapEnabled: false, idleThresholdSeconds: 60, keepaliveMaxSeconds: 0 };
      expect(await current().settings.lifecycle()).toEqual(all);
    });
  });
}
