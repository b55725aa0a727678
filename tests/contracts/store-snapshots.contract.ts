import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/domain/app.ts';
import type { CaptureEnd } from '../../src/domain/capture.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { EventType } from '../../src/domain/event.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import { captureOf, type Snapshot } from '../../src/domain/snapshot.ts';
import type { Change, RetentionLimits, Store } from '../../src/domain/store.ts';
import { CONTENT, READY } from '../fakes/fake-snapshots.ts';
import { SUCCEEDED } from '../fakes/fake-tasks.ts';
import {
  aReport,
  aSandbox,
  aSnapshot,
  anApp,
  anEvent,
  anObservation,
  aTask,
  newId,
  NODE,
  OWNER,
  STRANGER,
} from '../fakes/rows.ts';
import { NO_USAGE } from '../../src/domain/task.ts';

const LATER = Date.UTC(2026, 0, 1, 13);
const PAGE = { limit: 50 };
const FAILED: CaptureEnd = { status: 'failed', errorMessage: 'The disk is "full".' };

const inserted = (snapshot: Snapshot): Change => ({ kind: 'snapshot.insert', snapshot });
const ended = ({ id, nodeId }: Snapshot, end = READY): Change => ({ kind: 'snapshot.end', nodeId, id, end });
const withdrawn = ({ id, owner }: Snapshot): Change => ({ kind: 'snapshot.withdraw', owner, id });
const discarded = ({ id, owner }: Snapshot): Change => ({ kind: 'snapshot.discard', owner, id });
const sandboxOf = (sandbox: Sandbox): Change => ({ kind: 'sandbox.insert', sandbox });
const ordered = ({ owner, id }: Sandbox, desired: Sandbox['desired']): Change => ({
  kind: 'sandbox.order',
  owner,
  id,
  desired,
  at: LATER,
});
const refused = (code: ErrorCode) => expect.objectContaining({ name: 'SandboxdError', code });
const replaced = ({ id, owner }: Sandbox): Change => ({
  kind: 'sandbox.replaced',
  owner,
  id,
  at: LATER,
});
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

/** What every {@link Store} does with snapshots, and with sandboxes that take the place of others. */
export function snapshotStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const find = ({ owner, id }: Snapshot) => current().snapshots.find(owner, id);
  const row = ({ id }: Sandbox) => current().sandboxes.findOrdered(OWNER, id);
  const insert = async (fields: Partial<Snapshot> = {}): Promise<Snapshot> => {
    const snapshot = aSnapshot(fields);
    await commit(inserted(snapshot));
    return snapshot;
  };
  const ready = (fields: Partial<Snapshot> = {}, sizeBytes = 100) =>
    insert({ status: 'ready', content: { ...CONTENT, sizeBytes }, ...fields });
  const surplus = async (limits: RetentionLimits) => ids(await current().snapshots.surplus(limits));

  describe('snapshots', () => {
    it('are read back as they were written', async () => {
      const plain = await insert();
      const full = await insert({
        name: 'Ünïcode 🚀 “quoted”; DROP TABLE snapshots; --',
        cause: 'safety',
        status: 'ready',
        sourceAppId: newId(),
        parentSnapshotId: newId(),
        live: true,
        blueprint: { preset: 'react-vite', template: 'react-standard', ports: [3000, 8080] },
        visibility: 'private',
        content: { ...CONTENT, warnings: ['2 devices were left out'], isShared: true },
      });
      const failed = await insert({ status: 'failed', errorMessage: 'No.' });
      for (const one of [plain, full, failed]) expect(await find(one)).toEqual(one);
    });

    it('are listed newest first and in pages, of an owner or an app', async () => {
      const sourceAppId = newId();
      const made: Snapshot[] = [];
      for (let index = 0; index < 7; index += 1)
        made.push(await insert({ ...(index % 2 === 0 && { sourceAppId }) }));
      for (const filter of [{}, { appId: sourceAppId }]) {
        const seen: Snapshot[] = [];
        for (let before: string | undefined; ; before = seen.at(-1)?.id) {
          const page = await current().snapshots.list(OWNER, { ...filter, before, limit: 2 });
          if (page.length === 0) break;
          seen.push(...page);
        }
        const matching = made.filter((one) => !('appId' in filter) || one.sourceAppId === filter.appId);
        expect(seen).toEqual(matching.toReversed());
      }
    });

    it('cannot be inserted twice', async () => {
      const one = await insert();
      await expect(commit(inserted(one))).rejects.toEqual(refused('conflict'));
    });

    it('end once, with what they came to', async () => {
      const [good, bad] = [await insert(), await insert()];
      await commit(ended(good), ended(bad, FAILED));
      const known = [
        { ...good, ...READY },
        { ...bad, ...FAILED },
      ];
      expect([await find(good), await find(bad)]).toEqual(known);
      await commit(ended(good, FAILED), ended(bad));
      expect([await find(good), await find(bad)]).toEqual(known);
    });

    it('are ended by their own node alone', async () => {
      const one = await insert({ nodeId: 'node-2' });
      await commit({ kind: 'snapshot.end', nodeId: NODE, id: one.id, end: READY });
      expect(await find(one)).toEqual(one);
    });

    it('are out of sight when they are withdrawn, and removed, unless they have ended', async () => {
      const [refusedOne, over] = [await insert(), await insert()];
      await commit(ended(over), withdrawn(refusedOne), withdrawn(over));
      expect(await find(refusedOne)).toBeUndefined();
      expect(await find(over)).toMatchObject({ status: 'ready' });
      // Whether its node has begun, and keeps an archive by now, nobody knows.
      expect(await current().snapshots.discardedOn(NODE)).toEqual([refusedOne.id]);
    });

    it('are known to their node while they are captured, but for what belongs to an order', async () => {
      const mine = await insert({ live: true, parentSnapshotId: newId() });
      const theirs = await insert({ owner: STRANGER });
      await insert({ cause: 'safety' });
      await insert({ nodeId: 'node-2' });
      await commit(ended(await insert()));
      expect(await current().snapshots.capturingOn(NODE)).toEqual([mine, theirs].map(captureOf));
    });

    it('are out of sight once their deletion is ordered, and gone when their own node confirms', async () => {
      const sourceAppId = newId();
      const one = await ready({ sourceAppId });
      const failed = await insert({ status: 'failed' });
      const elsewhere = await ready({ nodeId: 'node-2' });
      await commit(discarded(one), discarded(failed), discarded(elsewhere), discarded(one));
      for (const each of [one, failed, elsewhere]) expect(await find(each)).toBeUndefined();
      expect(await current().snapshots.list(OWNER, PAGE)).toEqual([]);
      expect(await current().snapshots.list(OWNER, { ...PAGE, appId: sourceAppId })).toEqual([]);
      expect(await current().snapshots.surplus({ keepLast: 1, maxBytes: 0 })).toEqual([]);
      expect(await current().snapshots.discardedOn(NODE)).toEqual([one.id, failed.id]);
      const confirmed = [one.id, elsewhere.id, newId()];
      await commit({ kind: 'snapshot.discarded', nodeId: NODE, ids: confirmed });
      expect(await current().snapshots.discardedOn(NODE)).toEqual([failed.id]);
      expect(await current().snapshots.discardedOn('node-2')).toEqual([elsewhere.id]);
    });

    it('stay when nobody ordered their deletion', async () => {
      const kept = await ready();
      await commit({ kind: 'snapshot.discarded', nodeId: NODE, ids: [kept.id] });
      expect(await find(kept)).toEqual(kept);
    });

    it('whose deletion is ordered while they are captured are no longer to be captured, but removed', async () => {
      const capturing = await insert();
      await commit(discarded(capturing));
      expect(await find(capturing)).toBeUndefined();
      expect(await current().snapshots.capturingOn(NODE)).toEqual([]);
      expect(await current().snapshots.discardedOn(NODE)).toEqual([capturing.id]);
    });

    it('stay when their sandbox and app go, and their ends are still told', async () => {
      const app = anApp();
      const sandbox = aSandbox({ appId: app.id });
      const one = aSnapshot({ sourceAppId: app.id, sourceSandboxId: sandbox.id });
      await commit({ kind: 'app.insert', app }, sandboxOf(sandbox), inserted(one));
      const observation = anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' });
      const report = aReport(1, sandbox.id, {
        type: 'snapshot.captured',
        snapshotId: one.id,
        captured: READY,
      });
      await commit(
        { kind: 'app.delete', owner: OWNER, id: app.id },
        { kind: 'sandbox.observed', nodeId: NODE, observation, at: LATER },
        { kind: 'report', nodeId: NODE, eventId: newId(), report },
        ended(one),
      );
      expect(await current().snapshots.list(OWNER, { ...PAGE, appId: app.id })).toMatchObject([
        { id: one.id, status: 'ready' },
      ]);
      expect(await current().events.list(OWNER, { ...PAGE, appId: app.id })).toMatchObject([
        { type: 'snapshot.captured', appId: app.id, sandboxId: sandbox.id, snapshotId: one.id },
      ]);
    });

    it("descend from their sandbox's newest ready one, or from what it was made from", async () => {
      const fromSnapshotId = newId();
      const [made, fresh] = [aSandbox({ fromSnapshotId }), aSandbox()];
      await commit(sandboxOf(made), sandboxOf(fresh));
      const parentOf = ({ id }: Sandbox) => current().snapshots.parentOf(OWNER, id);
      expect([await parentOf(made), await parentOf(fresh)]).toEqual([fromSnapshotId, undefined]);
      const first = await ready({ sourceSandboxId: made.id });
      const second = await ready({ sourceSandboxId: made.id });
      await insert({ sourceSandboxId: made.id });
      await insert({ sourceSandboxId: made.id, status: 'failed' });
      expect(await parentOf(made)).toBe(second.id);
      await commit(discarded(second));
      expect(await parentOf(made)).toBe(first.id);
      expect(await current().snapshots.parentOf(STRANGER, made.id)).toBeUndefined();
      expect(await current().snapshots.parentOf(OWNER, newId())).toBeUndefined();
    });
  });

  describe('a sandbox that is being made from a snapshot', () => {
    it('is found until it runs, by its owner', async () => {
      const { id } = await ready();
      const made = async () => (await current().sandboxes.beingMadeFrom(OWNER, id))?.id;
      await commit(
        sandboxOf(aSandbox({ fromSnapshotId: newId() })),
        sandboxOf(aSandbox({ fromSnapshotId: id, status: 'running' })),
      );
      expect(await made()).toBeUndefined();
      const sandbox = aSandbox({ fromSnapshotId: id });
      await commit(sandboxOf(sandbox));
      expect(await made()).toBe(sandbox.id);
      expect(await current().sandboxes.beingMadeFrom(STRANGER, id)).toBeUndefined();
      const observation = anObservation(sandbox);
      await commit({ kind: 'sandbox.observed', nodeId: NODE, observation, at: LATER });
      expect(await made()).toBeUndefined();
    });

    it('is not looked for once its deletion is ordered', async () => {
      const { id } = await ready();
      const sandbox = aSandbox({ fromSnapshotId: id });
      const order: Change = {
        kind: 'sandbox.order',
        owner: OWNER,
        id: sandbox.id,
        desired: 'absent',
        at: LATER,
      };
      await commit(sandboxOf(sandbox), order);
      expect(await current().sandboxes.beingMadeFrom(OWNER, id)).toBeUndefined();
    });
  });

  describe('snapshots beyond what is kept', () => {
    it('are none without limits', async () => {
      await ready();
      await ready();
      expect(await surplus({})).toEqual([]);
    });

    it('are all but the newest of each app, or of each sandbox without one', async () => {
      const [sourceAppId, sourceSandboxId] = [newId(), newId()];
      const of = { sourceAppId };
      const mine = [await ready(of), await ready(of), await ready(of)];
      const theirs = [
        await ready({ owner: STRANGER, sourceSandboxId }),
        await ready({ owner: STRANGER, sourceSandboxId }),
      ];
      await ready();
      expect(await surplus({ keepLast: 2 })).toEqual([mine[0]?.id]);
      expect(await surplus({ keepLast: 1 })).toEqual([mine[0]?.id, mine[1]?.id, theirs[0]?.id]);
      expect(await surplus({ keepLast: 3 })).toEqual([]);
      expect((await current().snapshots.surplus({ keepLast: 2 }))[0]).toEqual(mine[0]);
    });

    it('count only those that are ready', async () => {
      const of = { sourceAppId: newId() };
      await ready(of);
      await insert(of);
      await insert({ ...of, status: 'failed' });
      expect(await surplus({ keepLast: 1, maxBytes: 0 })).toEqual([]);
    });

    it('are the oldest ones, until the rest fits, but never the newest of an app', async () => {
      const [a, b] = [{ sourceAppId: newId() }, { sourceAppId: newId() }];
      const only = await ready(b, 50);
      const old = [await ready(a, 30), await ready(a, 10), await ready(a, 20)];
      expect(await surplus({ maxBytes: 40 })).toEqual([]);
      expect(await surplus({ maxBytes: 39 })).toEqual([old[0]?.id]);
      expect(await surplus({ maxBytes: 10 })).toEqual([old[0]?.id]);
      expect(await surplus({ maxBytes: 9 })).toEqual([old[0]?.id, old[1]?.id]);
      expect(await surplus({ maxBytes: 0 })).toEqual([old[0]?.id, old[1]?.id]);
      expect(await find(only)).toBeDefined();
    });

    it('are weighed after they were counted', async () => {
      const a = { sourceAppId: newId() };
      const of = [await ready(a, 10), await ready(a, 10), await ready(a, 10)];
      expect(await surplus({ keepLast: 2, maxBytes: 10 })).toEqual([of[0]?.id]);
      expect(await surplus({ keepLast: 2, maxBytes: 9 })).toEqual([of[0]?.id, of[1]?.id]);
    });

    it('count safety copies apart, so that going back never costs what people saved', async () => {
      const of = { sourceAppId: newId() };
      const saved = [await ready(of), await ready(of)];
      const copies = [];
      for (let turn = 0; turn < 3; turn += 1) copies.push(await ready({ ...of, cause: 'safety' }));
      expect(await surplus({ keepLast: 2 })).toEqual([copies[0]?.id]);
      expect(await surplus({ keepLast: 1 })).toEqual([saved[0]?.id, copies[0]?.id, copies[1]?.id]);
    });

    it('stay while their own app goes on from them', async () => {
      const app = anApp();
      const [base, next] = [await ready({ sourceAppId: app.id }), await ready({ sourceAppId: app.id })];
      const sandbox = aSandbox({ appId: app.id, fromSnapshotId: base.id, status: 'running' });
      await commit({ kind: 'app.insert', app }, sandboxOf(sandbox));
      expect(await surplus({ keepLast: 1, maxBytes: 0 })).toEqual([]);
      const order = { owner: OWNER, id: sandbox.id, desired: 'absent', at: LATER } as const;
      await commit({ kind: 'sandbox.order', ...order });
      expect(await surplus({ keepLast: 1 })).toEqual([base.id]);
      expect(await find(next)).toBeDefined();
    });

    it('stay while a sandbox is being made from them', async () => {
      const a = { sourceAppId: newId() };
      const used = await ready(a);
      await ready(a);
      const sandbox = aSandbox({ fromSnapshotId: used.id });
      await commit(sandboxOf(sandbox));
      expect(await surplus({ keepLast: 1, maxBytes: 0 })).toEqual([]);
      const observation = anObservation(sandbox);
      await commit({ kind: 'sandbox.observed', nodeId: NODE, observation, at: LATER });
      expect(await surplus({ keepLast: 1 })).toEqual([used.id]);
      expect(await surplus({ maxBytes: 0 })).toEqual([used.id]);
    });
  });

  describe('a sandbox that replaces another', () => {
    let app: App;
    let own: Sandbox;
    beforeEach(async () => {
      app = anApp();
      own = aSandbox({ appId: app.id, status: 'running' });
      await commit({ kind: 'app.insert', app }, sandboxOf(own));
    });

    const replacing = (fields: Partial<Sandbox> = {}): Sandbox =>
      aSandbox({
        appId: app.id,
        fromSnapshotId: newId(),
        replaces: { sandboxId: own.id, safety: { id: newId(), sandboxId: own.id, live: false } },
        ...fields,
      });
    const begin = async () => {
      const sandbox = replacing();
      await commit(sandboxOf(sandbox));
      return sandbox;
    };
    const currentId = async () => (await current().apps.find(OWNER, app.id))?.currentSandboxId;

    it("is read back as it was written, and is not its app's own", async () => {
      const sandbox = await begin();
      expect(await current().sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
      expect(await current().sandboxes.replacing(NODE)).toEqual([sandbox]);
      expect(await current().sandboxes.replacing('node-2')).toEqual([]);
      expect(await currentId()).toBe(own.id);
      const listed = await current().apps.list(OWNER, PAGE);
      expect(listed.map(({ currentSandboxId }) => currentSandboxId)).toEqual([own.id]);
    });

    it('takes its place, and the other one is ordered absent', async () => {
      const sandbox = await begin();
      await commit(replaced(sandbox));
      expect(await currentId()).toBe(sandbox.id);
      const { replaces: _, ...rest } = sandbox;
      const settled = { ...rest, revision: sandbox.revision + 1, updatedAt: LATER };
      expect(await row(sandbox)).toEqual(settled);
      expect(await row(own)).toMatchObject({ desired: 'absent', generation: 2, revision: 2 });
      expect(await current().sandboxes.replacing(NODE)).toEqual([]);
      await commit(replaced(sandbox));
      expect(await row(sandbox)).toEqual(settled);
    });

    it('takes over the settings that the other one has by then', async () => {
      const sandbox = await begin();
      const set = { visibility: 'private', idlePolicy: 'always_on', keepaliveUntil: LATER } as const;
      await commit({ kind: 'sandbox.update', owner: OWNER, id: own.id, set, at: LATER }, replaced(sandbox));
      expect(await row(sandbox)).toMatchObject(set);
    });

    it('never does once it is withdrawn, and another may', async () => {
      const sandbox = await begin();
      const withdraw: Change = { kind: 'sandbox.withdraw', owner: OWNER, id: sandbox.id, at: LATER };
      await commit(withdraw, withdraw, replaced(sandbox));
      expect(await row(sandbox)).toMatchObject({ desired: 'absent', generation: 2 });
      expect(await row(own)).toEqual(own);
      expect(await current().sandboxes.replacing(NODE)).toEqual([]);
      await begin();
    });

    it('has its safety snapshot removed once that cannot be captured any more', async () => {
      const sandbox = await begin();
      const id = sandbox.replaces?.safety.id ?? '';
      const safety = await insert({ id, cause: 'safety', sourceAppId: app.id, sourceSandboxId: own.id });
      const withdraw: Change = { kind: 'sandbox.withdraw', owner: OWNER, id: sandbox.id, at: LATER };
      await commit(withdraw, withdrawn(safety));
      expect(await find(safety)).toBeUndefined();
      expect(await current().snapshots.discardedOn(NODE)).toEqual([]);
      const gone = anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' });
      await commit({ kind: 'sandbox.observed', nodeId: NODE, observation: gone, at: LATER });
      expect(await current().snapshots.discardedOn(NODE)).toEqual([id]);
    });

    it('has its safety snapshot removed as soon as that has ended', async () => {
      const sandbox = await begin();
      const id = sandbox.replaces?.safety.id ?? '';
      const safety = await insert({ id, cause: 'safety', sourceAppId: app.id, sourceSandboxId: own.id });
      await commit(withdrawn(safety), ended(safety));
      expect(await current().snapshots.discardedOn(NODE)).toEqual([id]);
    });

    it('is not withdrawn once it has taken its place', async () => {
      const sandbox = await begin();
      await commit(replaced(sandbox));
      await commit({ kind: 'sandbox.withdraw', owner: OWNER, id: sandbox.id, at: LATER });
      await commit({ kind: 'sandbox.withdraw', owner: OWNER, id: own.id, at: LATER });
      expect(await row(sandbox)).toMatchObject({ desired: 'running' });
    });

    it('is the only one also when many are asked for at once', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, begin));
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(lost).toHaveLength(19);
      for (const { reason } of lost) expect(reason).toEqual(refused('conflict'));
      expect(await current().sandboxes.replacing(NODE)).toHaveLength(1);
    });

    it.each<[string, () => Promise<Sandbox>]>([
      ['of another app', async () => aSandbox({ appId: newId() })],
      ['without an app', async () => aSandbox()],
      ['whose deletion is ordered', async () => own],
      ['that is itself to replace one', async () => begin()],
      ['that never was', async () => aSandbox({ appId: app.id })],
    ])('cannot replace one %s', async (what, make) => {
      const other = await make();
      if (what === 'of another app')
        await commit({ kind: 'app.insert', app: anApp({ id: other.appId ?? '' }) }, sandboxOf(other));
      if (what === 'without an app') await commit(sandboxOf(other));
      if (what === 'whose deletion is ordered') await commit(ordered(own, 'absent'));
      const safety = { id: newId(), sandboxId: other.id, live: false };
      const sandbox = replacing({ replaces: { sandboxId: other.id, safety } });
      await expect(commit(sandboxOf(sandbox))).rejects.toEqual(refused('conflict'));
    });

    it('cannot replace one in which a task runs, and no task begins in one that is replaced', async () => {
      const task = aTask({ sandboxId: own.id });
      await commit({ kind: 'task.insert', task });
      await expect(begin()).rejects.toEqual(refused('task_in_progress'));
      const end = { outcome: SUCCEEDED, usage: NO_USAGE };
      await commit({ kind: 'task.end', nodeId: NODE, id: task.id, end });
      const sandbox = await begin();
      const next: Change = { kind: 'task.insert', task: aTask({ sandboxId: own.id }) };
      await expect(commit(next)).rejects.toEqual(refused('conflict'));
      await commit({ kind: 'sandbox.withdraw', owner: OWNER, id: sandbox.id, at: LATER }, next);
    });

    it('does not take the place of one that the app has got meanwhile', async () => {
      const sandbox = await begin();
      const third = aSandbox({ appId: app.id });
      await commit(ordered(own, 'absent'), sandboxOf(third));
      const event = anEvent({ type: 'snapshot.restored', sandboxId: sandbox.id });
      await expect(commit({ kind: 'event', event }, replaced(sandbox))).rejects.toEqual(refused('conflict'));
      expect(await row(sandbox)).toEqual(sandbox);
      expect(await currentId()).toBe(third.id);
      expect(await current().events.list(OWNER, PAGE)).toEqual([]);
    });

    it('goes with its app, and so does its safety snapshot', async () => {
      const sandbox = await begin();
      const of = { sourceAppId: app.id, sourceSandboxId: own.id };
      const safety = await insert({ ...of, cause: 'safety' });
      const kept = [await insert(of), await ready({ ...of, cause: 'safety' })];
      await commit({ kind: 'app.delete', owner: OWNER, id: app.id });
      for (const one of [sandbox, own])
        expect(await row(one)).toMatchObject({ desired: 'absent', generation: 2 });
      expect(await current().sandboxes.replacing(NODE)).toEqual([]);
      expect(await find(safety)).toBeUndefined();
      for (const one of kept) expect(await find(one)).toEqual(one);
    });
  });

  describe('an app that is a fork', () => {
    it('is read back with what it began as', async () => {
      const fork = anApp({ forkedFrom: { snapshotId: newId(), appId: newId() } });
      await commit({ kind: 'app.insert', app: fork });
      expect(await current().apps.find(OWNER, fork.id)).toEqual(fork);
    });
  });

  describe('an event that happens once', () => {
    it.each<[EventType, EventType]>([
      ['snapshot.restored', 'snapshot.restored'],
      ['snapshot.restored', 'snapshot.restore.failed'],
      ['snapshot.restore.failed', 'snapshot.restored'],
      ['snapshot.deleted', 'snapshot.deleted'],
    ])('like %s is not followed by %s of the same', async (first, second) => {
      const of = { sandboxId: newId(), snapshotId: newId() };
      const [told, again] = [anEvent({ type: first, ...of }), anEvent({ type: second, ...of })];
      await commit({ kind: 'event', event: told }, { kind: 'event', event: again });
      expect(await current().events.list(OWNER, PAGE)).toEqual([told]);
      const other = anEvent({ type: second, sandboxId: newId(), snapshotId: newId() });
      await commit({ kind: 'event', event: other });
      expect(await current().events.list(OWNER, PAGE)).toEqual([other, told]);
    });
  });

  describe("a stranger's", () => {
    it('reads find no snapshot, and writes change none', async () => {
      const one = await ready({ sourceAppId: newId() });
      const capturing = await insert();
      const app = anApp();
      const own = aSandbox({ appId: app.id });
      const safety = { id: newId(), sandboxId: own.id, live: false };
      const next = aSandbox({ appId: app.id, replaces: { sandboxId: own.id, safety } });
      await commit({ kind: 'app.insert', app }, sandboxOf(own), sandboxOf(next));
      await commit(
        { kind: 'snapshot.discard', owner: STRANGER, id: one.id },
        { kind: 'snapshot.withdraw', owner: STRANGER, id: capturing.id },
        { kind: 'sandbox.replaced', owner: STRANGER, id: next.id, at: LATER },
        { kind: 'sandbox.withdraw', owner: STRANGER, id: next.id, at: LATER },
      );
      const { snapshots } = current();
      expect(await snapshots.find(STRANGER, one.id)).toBeUndefined();
      expect(await snapshots.list(STRANGER, PAGE)).toEqual([]);
      expect(await snapshots.list(STRANGER, { ...PAGE, appId: one.sourceAppId })).toEqual([]);
      expect([await find(one), await find(capturing)]).toEqual([one, capturing]);
      expect([await row(own), await row(next)]).toEqual([own, next]);
    });
  });
}
