import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/domain/audit.ts';
import { EVENT_TYPES, type Event } from '../../src/domain/event.ts';
import { firstIdAt, ulidSource } from '../../src/domain/ids.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { anAuditEntry, anEvent, OWNER, STRANGER } from '../fakes/rows.ts';

const THEN = Date.UTC(2026, 0, 1, 12);

const idAt = (at: number) => ulidSource(() => at)();
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

/** What every {@link Store} does with what has happened: timelines by type, the audit log, and how both get shorter. */
export function historyStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const expire = (before: number, limit = 100) => commit({ kind: 'history.expire', before, limit });
  const hasBefore = (before: number) => current().events.hasBefore(before);
  const record = async (...events: Event[]) => {
    for (const event of events) await commit({ kind: 'event', event });
  };
  const audit = async (...entries: AuditEntry[]) => {
    for (const entry of entries) await commit({ kind: 'audit', entry });
  };

  describe('a timeline of some types', () => {
    it('has those alone, newest first and in pages', async () => {
      const types = ['app.created', 'task.failed', 'app.updated', 'task.failed', 'app.created'] as const;
      const events = types.map((type) => anEvent({ type }));
      await record(...events, anEvent({ type: 'task.failed', owner: STRANGER }));
      const [first, second, , fourth, fifth] = events;
      const wanted = { types: ['task.failed', 'app.created'], limit: 3 } as const;
      expect(await current().events.list(OWNER, wanted)).toEqual([fifth, fourth, second]);
      expect(await current().events.list(OWNER, { ...wanted, before: second?.id })).toEqual([first]);
      expect(await current().events.list(OWNER, { types: [], limit: 5 })).toEqual([]);
      const twice = { types: ['app.updated', 'app.updated'], limit: 5 } as const;
      expect(await current().events.list(OWNER, twice)).toEqual([events[2]]);
      const all = await current().events.list(OWNER, { types: EVENT_TYPES, limit: 50 });
      expect(all).toEqual(events.toReversed());
    });

    it.each(['appId', 'sandboxId', 'taskId'] as const)('is narrowed by %s as well', async (subject) => {
      const about = { [subject]: 'this' };
      const [one, other] = [anEvent(about), anEvent({ ...about, type: 'task.failed' })];
      await record(one, other, anEvent({ type: 'task.failed', [subject]: 'that' }));
      const ofType = { ...about, types: ['task.failed'], limit: 5 } as const;
      expect(await current().events.list(OWNER, ofType)).toEqual([other]);
      expect(await current().events.list(OWNER, { ...ofType, before: other.id })).toEqual([]);
    });
  });

  describe('the audit log', () => {
    it('is read back as it was written, newest first and in pages, of one or of all', async () => {
      const plain = anAuditEntry();
      const full = anAuditEntry({
        actor: { kind: 'api-key', id: 'key-1', name: 'ci "x"' },
        target: { app: 'a', key: '😀' },
        address: '2001:db8::1',
      });
      const unknown = anAuditEntry({ owner: undefined, actor: { kind: 'unknown' }, status: 401 });
      const foreign = anAuditEntry({ owner: STRANGER });
      await audit(plain, full, unknown, foreign);
      expect(await current().audit.list({ limit: 9 })).toEqual([foreign, unknown, full, plain]);
      expect(await current().audit.list({ limit: 1, before: unknown.id })).toEqual([full]);
      expect(await current().audit.list({ owner: OWNER, limit: 9 })).toEqual([full, plain]);
      expect(await current().audit.list({ owner: OWNER, limit: 9, before: full.id })).toEqual([plain]);
      await expect(commit({ kind: 'audit', entry: plain })).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  describe('what is older than a moment', () => {
    it('is dropped, by when it was recorded, and nothing else', async () => {
      const [old, last, kept] = [idAt(THEN - 5000), idAt(THEN - 1), idAt(THEN)];
      for (const id of [old, last, kept]) await record(anEvent({ id, createdAt: THEN + 5 }));
      for (const id of [old, last, kept]) await audit(anAuditEntry({ id, at: THEN + 5 }));
      expect(await hasBefore(THEN)).toBe(true);
      await expire(THEN);
      expect(await hasBefore(THEN)).toBe(false);
      expect(await hasBefore(THEN + 1)).toBe(true);
      expect(ids(await current().events.list(OWNER, { limit: 9 }))).toEqual([kept]);
      expect(ids(await current().events.list(OWNER, { types: ['app.created'], limit: 9 }))).toEqual([kept]);
      expect(ids(await current().audit.list({ limit: 9 }))).toEqual([kept]);
      expect(firstIdAt(THEN) <= kept && firstIdAt(THEN) > last).toBe(true);
    });

    it("is dropped in steps: the oldest of each owner's, and of what is nobody's", async () => {
      const nextId = ulidSource(() => THEN);
      const owners = ['', 'b', 'c', OWNER, 'zoe'];
      for (const owner of owners)
        for (let index = 0; index < 3; index += 1) {
          await record(anEvent({ id: nextId(), owner: owner === '' ? 'a' : owner }));
          await audit(anAuditEntry({ id: nextId(), owner: owner === '' ? undefined : owner }));
        }
      const before = await current().audit.list({ limit: 99 });
      const [newest] = await current().events.list('zoe', { limit: 1 });
      await expire(THEN + 1, 2);
      for (const owner of ['a', 'b', 'c', OWNER]) {
        expect(await current().events.list(owner, { limit: 9 })).toHaveLength(1);
      }
      expect(await current().events.list('zoe', { limit: 9 })).toEqual([newest]);
      expect(await current().audit.list({ limit: 99 })).toEqual(before.filter((_, index) => index % 3 === 0));
      expect(await hasBefore(THEN + 1)).toBe(true);
      await expire(THEN + 1, 2);
      expect(await current().audit.list({ limit: 99 })).toEqual([]);
      expect(await hasBefore(THEN + 1)).toBe(false);
    });

    it('is known of, whoever has it and of whatever kind it is', async () => {
      await record(anEvent({ id: idAt(THEN), owner: 'a' }));
      await record(anEvent({ id: idAt(THEN - 1), owner: 'b' }));
      expect(await hasBefore(THEN)).toBe(true);
      expect(await hasBefore(THEN - 1)).toBe(false);
      await audit(anAuditEntry({ id: idAt(THEN - 2), owner: undefined }));
      expect(await hasBefore(THEN - 1)).toBe(true);
    });

    it('may be nothing', async () => {
      expect(await hasBefore(THEN)).toBe(false);
      await expire(THEN);
      await expire(0);
      expect(await current().audit.list({ limit: 9 })).toEqual([]);
    });
  });
}
