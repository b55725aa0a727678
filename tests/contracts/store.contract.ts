import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { SandboxObservation } from '../../src/domain/node.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import {
  aReport,
  aSandbox,
  anApp,
  anEvent,
  anObservation,
  newId,
  NODE,
  OWNER,
  STRANGER,
} from '../fakes/rows.ts';
import { configStoreContract } from './store-config.contract.ts';
import { historyStoreContract } from './store-history.contract.ts';
import { identityStoreContract } from './store-identity.contract.ts';
import { sealedStoreContract } from './store-sealed.contract.ts';
import { snapshotStoreContract } from './store-snapshots.contract.ts';
import { taskStoreContract } from './store-tasks.contract.ts';
import { webhookStoreContract } from './store-webhooks.contract.ts';

export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
}

const LATER = Date.UTC(2026, 0, 1, 13);
const PAGE = { limit: 50 };

const rejection = (code: ErrorCode, message?: RegExp) =>
  expect.objectContaining({
    name: 'SandboxdError',
    code,
    ...(message && { message: expect.stringMatching(message) }),
  });

const order = (sandbox: Sandbox, desired: Sandbox['desired']): Change => ({
  kind: 'sandbox.order',
  owner: sandbox.owner,
  id: sandbox.id,
  desired,
  at: LATER,
});

const observed = (observation: SandboxObservation, at = LATER, nodeId = NODE): Change => ({
  kind: 'sandbox.observed',
  nodeId,
  observation,
  at,
});

const report = (seq: number, sandboxId: string, nodeId = NODE): Change => ({
  kind: 'report',
  nodeId,
  eventId: newId(),
  report: aReport(seq, sandboxId),
});

/** What every {@link Store} does. Runs against a new and empty one for each test. */
export function storeContract(open: () => Promise<OpenedStore>): void {
  describe('A store', () => {
    let opened: OpenedStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened[Symbol.asyncDispose]());

    const insert = async (sandbox: Sandbox): Promise<Sandbox> => {
      await store.commit({ kind: 'sandbox.insert', sandbox });
      return sandbox;
    };
    const messages = async () =>
      (await store.events.list(OWNER, PAGE)).map((event) => event.message).toReversed();
    const isGone = async ({ id, nodeId }: Sandbox) =>
      !(await store.sandboxes.ofNode(nodeId)).some((row) => row.id === id);

    it('answers a ping', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it('takes an empty commit as nothing to do', async () => {
      await expect(store.commit()).resolves.toBeUndefined();
    });

    describe('apps', () => {
      it('are read back as they were written', async () => {
        const plain = anApp();
        const full = anApp({
          name: 'Ünïcode 🚀 \u2028 "quotes" and \'quotes\'; DROP TABLE apps; --',
          description: 'two\nlines',
          tags: ['a', 'b,c', '"'],
          externalUserId: 'user-1',
          externalProjectId: 'project-1',
          preset: 'react-vite',
          createdAt: LATER - 1,
          updatedAt: LATER,
        });
        await store.commit({ kind: 'app.insert', app: plain }, { kind: 'app.insert', app: full });
        expect(await store.apps.find(OWNER, plain.id)).toEqual(plain);
        expect(await store.apps.find(OWNER, full.id)).toEqual(full);
      });

      it('cannot be inserted twice', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        await expect(store.commit({ kind: 'app.insert', app })).rejects.toEqual(
          rejection('conflict', /exists/),
        );
        const stolen = { ...app, owner: STRANGER };
        await expect(store.commit({ kind: 'app.insert', app: stolen })).rejects.toEqual(
          rejection('conflict'),
        );
      });

      it('change only in the fields that are given', async () => {
        const app = anApp({ description: 'old', tags: ['old'] });
        await store.commit({ kind: 'app.insert', app });
        const set = { name: 'New', description: undefined, tags: undefined };
        await store.commit({ kind: 'app.update', owner: OWNER, id: app.id, set, at: LATER });
        expect(await store.apps.find(OWNER, app.id)).toEqual({ ...app, name: 'New', updatedAt: LATER });
        await store.commit({
          kind: 'app.update',
          owner: OWNER,
          id: app.id,
          set: { description: '', tags: [] },
          at: LATER + 1,
        });
        expect(await store.apps.find(OWNER, app.id)).toMatchObject({
          name: 'New',
          description: '',
          tags: [],
        });
      });

      it('show the live sandbox as their current one', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const sandbox = await insert(aSandbox({ appId: app.id }));
        await insert(aSandbox());
        expect((await store.apps.find(OWNER, app.id))?.currentSandboxId).toBe(sandbox.id);
        expect((await store.apps.list(OWNER, PAGE))[0]?.currentSandboxId).toBe(sandbox.id);
        await store.commit(order(sandbox, 'absent'));
        expect((await store.apps.find(OWNER, app.id))?.currentSandboxId).toBeUndefined();
        expect(await store.apps.list(OWNER, PAGE)).toHaveLength(1);
      });

      it('take their live sandbox with them when they are deleted', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const sandbox = await insert(aSandbox({ appId: app.id }));
        const other = await insert(aSandbox());
        await store.commit({ kind: 'app.delete', owner: OWNER, id: app.id });
        expect(await store.apps.find(OWNER, app.id)).toBeUndefined();
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toBeUndefined();
        expect(await store.sandboxes.findOrdered(OWNER, sandbox.id)).toMatchObject({
          desired: 'absent',
          generation: 2,
          revision: 2,
        });
        expect(await store.sandboxes.find(OWNER, other.id)).toEqual(other);
      });

      it('count a deletion that was ordered beside theirs once', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const sandbox = await insert(aSandbox({ appId: app.id }));
        await store.commit(order(sandbox, 'absent'), { kind: 'app.delete', owner: OWNER, id: app.id });
        expect((await store.sandboxes.findOrdered(OWNER, sandbox.id))?.generation).toBe(2);
      });

      it('are listed newest first, in pages, and by external user', async () => {
        const apps = Array.from({ length: 7 }, (_, index) =>
          anApp({ externalUserId: index % 2 === 0 ? 'even' : 'odd' }),
        );
        await store.commit(...apps.map((app) => ({ kind: 'app.insert', app }) as const));
        const newest = apps.toReversed();
        const first = await store.apps.list(OWNER, { limit: 3 });
        expect(first).toEqual(newest.slice(0, 3));
        const second = await store.apps.list(OWNER, { limit: 10, before: first[2]?.id });
        expect(second).toEqual(newest.slice(3));
        const even = newest.filter((app) => app.externalUserId === 'even');
        const ofUser = await store.apps.list(OWNER, { limit: 2, externalUserId: 'even' });
        expect(ofUser).toEqual(even.slice(0, 2));
        expect(
          await store.apps.list(OWNER, { limit: 9, externalUserId: 'even', before: ofUser[1]?.id }),
        ).toEqual(even.slice(2));
        expect(await store.apps.list(OWNER, { limit: 9, externalUserId: 'nobody' })).toEqual([]);
      });
    });

    describe('sandboxes', () => {
      it('are read back as they were written', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const full = await insert(
          aSandbox({
            appId: app.id,
            project: { id: 'p', userId: 'u' },
            preset: 'react-vite',
            template: 'react-standard',
            ports: [3000, 8080],
            visibility: 'private',
            idlePolicy: 'always_on',
            status: 'error',
            errorMessage: 'It broke.',
            paused: true,
            keepaliveUntil: LATER,
            lastActiveAt: LATER - 1,
          }),
        );
        const plain = await insert(aSandbox());
        expect(await store.sandboxes.find(OWNER, full.id)).toEqual(full);
        expect(await store.sandboxes.find(OWNER, plain.id)).toEqual(plain);
        expect(await store.sandboxes.findByProject(OWNER, { id: 'p', userId: 'u' })).toEqual(full);
        expect(await store.sandboxes.findByProject(OWNER, { id: 'u', userId: 'p' })).toBeUndefined();
      });

      it('need an app of the same owner, when they name one', async () => {
        const app = anApp();
        const orphan = aSandbox({ appId: newId() });
        await expect(insert(orphan)).rejects.toEqual(rejection('not_found', /app/));
        await store.commit({ kind: 'app.insert', app });
        const intruder = aSandbox({ appId: app.id, owner: STRANGER });
        await expect(insert(intruder)).rejects.toEqual(rejection('not_found', /app/));
        expect(await store.sandboxes.ofNode(NODE)).toEqual([]);
      });

      it('are listed newest first and in pages', async () => {
        const sandboxes = Array.from({ length: 5 }, () => aSandbox());
        await store.commit(...sandboxes.map((sandbox) => ({ kind: 'sandbox.insert', sandbox }) as const));
        const newest = sandboxes.toReversed();
        const first = await store.sandboxes.list(OWNER, { limit: 2 });
        expect(first).toEqual(newest.slice(0, 2));
        expect(await store.sandboxes.list(OWNER, { limit: 9, before: first[1]?.id })).toEqual(
          newest.slice(2),
        );
      });

      it('are counted by status while they live, and those that stand still besides', async () => {
        const [one, two, three] = [aSandbox(), aSandbox(), aSandbox({ owner: STRANGER, status: 'running' })];
        const still = aSandbox({ status: 'running', paused: true });
        for (const sandbox of [one, two, three, still]) await insert(sandbox);
        await store.commit(order(two, 'absent'));
        const counted = { creating: 1, running: 2, stopped: 0, error: 0, paused: 1 };
        expect(await store.sandboxes.count()).toEqual(counted);
      });

      it('keep settings apart from orders', async () => {
        const sandbox = await insert(aSandbox());
        const set = { visibility: 'private', idlePolicy: undefined, keepaliveUntil: LATER } as const;
        await store.commit({ kind: 'sandbox.update', owner: OWNER, id: sandbox.id, set, at: LATER });
        const updated = {
          ...sandbox,
          visibility: 'private',
          keepaliveUntil: LATER,
          revision: 2,
          updatedAt: LATER,
        };
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(updated);
        await store.commit(order(sandbox, 'stopped'));
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual({
          ...updated,
          desired: 'stopped',
          generation: 2,
          revision: 3,
        });
      });

      it('take no order or setting once their deletion is ordered', async () => {
        const sandbox = await insert(aSandbox());
        await store.commit(order(sandbox, 'absent'));
        const ordered = await store.sandboxes.findOrdered(OWNER, sandbox.id);
        await store.commit(order(sandbox, 'running'), order(sandbox, 'absent'), {
          kind: 'sandbox.update',
          owner: OWNER,
          id: sandbox.id,
          set: { visibility: 'private' },
          at: LATER + 1,
        });
        expect(await store.sandboxes.findOrdered(OWNER, sandbox.id)).toEqual(ordered);
      });

      it('disappear from every read but the ordered ones until the node confirms, then from those too', async () => {
        const project = { id: 'p', userId: 'u' };
        const sandbox = await insert(aSandbox({ project }));
        await store.commit(order(sandbox, 'absent'));
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toBeUndefined();
        expect(await store.sandboxes.findByProject(OWNER, project)).toBeUndefined();
        expect(await store.sandboxes.list(OWNER, PAGE)).toEqual([]);
        expect(await store.sandboxes.findOrdered(OWNER, sandbox.id)).toMatchObject({ desired: 'absent' });
        expect(await isGone(sandbox)).toBe(false);
        await store.commit(observed(anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' })));
        expect(await store.sandboxes.findOrdered(OWNER, sandbox.id)).toBeUndefined();
        expect(await isGone(sandbox)).toBe(true);
      });
    });

    describe('a live sandbox', () => {
      it('is the only one of its app', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const first = await insert(aSandbox({ appId: app.id }));
        await expect(insert(aSandbox({ appId: app.id }))).rejects.toEqual(
          rejection('conflict', /already has a live sandbox/),
        );
        await store.commit(order(first, 'absent'), {
          kind: 'sandbox.insert',
          sandbox: aSandbox({ appId: app.id }),
        });
        await expect(insert(aSandbox({ appId: app.id }))).rejects.toEqual(rejection('conflict'));
      });

      it('is the only one of its owner, project and project user', async () => {
        const project = { id: 'p', userId: 'u' };
        const first = await insert(aSandbox({ project }));
        await expect(insert(aSandbox({ project }))).rejects.toEqual(
          rejection('conflict', /already has a live sandbox/),
        );
        await insert(aSandbox({ project, owner: STRANGER }));
        await insert(aSandbox({ project: { ...project, userId: 'other' } }));
        await insert(aSandbox({ project: { ...project, id: 'other' } }));
        await store.commit(order(first, 'absent'));
        await insert(aSandbox({ project }));
      });

      it('is the only one also when 200 are asked for at once', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const outcomes = await Promise.allSettled(
          Array.from({ length: 200 }, () =>
            store.commit(
              { kind: 'sandbox.insert', sandbox: aSandbox({ appId: app.id }) },
              { kind: 'event', event: anEvent({ appId: app.id, type: 'sandbox.create.started' }) },
            ),
          ),
        );
        const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
        expect(refused).toHaveLength(199);
        for (const { reason } of refused) expect(reason).toEqual(rejection('conflict'));
        expect(await store.sandboxes.list(OWNER, PAGE)).toHaveLength(1);
        expect(await store.events.list(OWNER, PAGE)).toHaveLength(1);
      });
    });

    describe('an observation', () => {
      it.each([
        ['running', 'creating', { status: 'running', paused: false }],
        ['paused', 'running', { status: 'running', paused: true }],
        ['paused', 'creating', { status: 'running', paused: true }],
        ['stopped', 'running', { status: 'stopped', paused: false }],
        ['stopped', 'creating', { status: 'stopped', paused: false }],
        ['running', 'stopped', { status: 'running', paused: false }],
        ['error', 'running', { status: 'error', paused: false, errorMessage: 'why' }],
        ['running', 'error', { status: 'running', errorMessage: undefined }],
        ['creating', 'creating', { status: 'creating' }],
      ] as const)('of %s turns a sandbox that is %s into what it shows', async (state, status, expected) => {
        const sandbox = await insert(
          aSandbox({
            status,
            paused: status === 'running',
            errorMessage: status === 'error' ? 'old' : undefined,
          }),
        );
        await store.commit(observed(anObservation(sandbox, { state, errorMessage: 'why' })));
        const found = await store.sandboxes.find(OWNER, sandbox.id);
        expect(found).toEqual({ ...found, ...expected });
      });

      it.each(['running', 'stopped', 'error'] as const)(
        'of creating says nothing about a sandbox that is %s',
        async (status) => {
          const sandbox = await insert(aSandbox({ status }));
          await store.commit(observed(anObservation(sandbox, { state: 'creating' })));
          expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
        },
      );

      it('of an older or a future order says nothing', async () => {
        const sandbox = await insert(aSandbox({ status: 'running', generation: 3 }));
        for (const generation of [1, 2, 4]) {
          await store.commit(observed(anObservation({ id: sandbox.id, generation }, { state: 'stopped' })));
        }
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
      });

      it('from another node says nothing', async () => {
        const sandbox = await insert(aSandbox({ status: 'running' }));
        await store.commit(order(sandbox, 'absent'));
        const absent = anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' });
        await store.commit(observed(absent, LATER, 'node-2'));
        expect(await isGone(sandbox)).toBe(false);
      });

      it('of absence says nothing about a sandbox that should exist', async () => {
        const sandbox = await insert(aSandbox({ status: 'running' }));
        await store.commit(observed(anObservation(sandbox, { state: 'absent' })));
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
      });

      it('of life does not bring back one whose deletion is ordered', async () => {
        const sandbox = await insert(aSandbox());
        await store.commit(order(sandbox, 'absent'));
        await store.commit(observed(anObservation({ id: sandbox.id, generation: 2 })));
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toBeUndefined();
        expect((await store.sandboxes.findOrdered(OWNER, sandbox.id))?.status).toBe('running');
      });

      it('moves the time of activity forward only, and is an update only when the state changes', async () => {
        const sandbox = await insert(aSandbox({ status: 'running' }));
        const active = (lastActiveAt: number | undefined, at: number) =>
          store.commit(observed(anObservation(sandbox, { lastActiveAt }), at));
        await active(LATER + 5, LATER + 10);
        await active(LATER + 3, LATER + 11);
        await active(undefined, LATER + 12);
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual({
          ...sandbox,
          lastActiveAt: LATER + 5,
        });
        await store.commit(observed(anObservation(sandbox, { state: 'stopped' }), LATER + 13));
        expect((await store.sandboxes.find(OWNER, sandbox.id))?.updatedAt).toBe(LATER + 13);
      });

      it('of a sandbox nobody knows is no failure', async () => {
        await store.commit(observed(anObservation({ id: newId(), generation: 1 })));
        expect(await store.sandboxes.ofNode(NODE)).toEqual([]);
      });
    });

    describe('events', () => {
      it('are read back as they were written, newest first', async () => {
        const plain = anEvent();
        const full = anEvent({
          type: 'sandbox.stopped',
          severity: 'warning',
          appId: newId(),
          sandboxId: newId(),
          payload: { reason: 'idle', count: 3, ok: true },
        });
        await store.commit({ kind: 'event', event: plain }, { kind: 'event', event: full });
        expect(await store.events.list(OWNER, PAGE)).toEqual([full, plain]);
      });

      it('are recorded once, however often they are sent', async () => {
        const event = anEvent();
        await store.commit({ kind: 'event', event });
        await store.commit({ kind: 'event', event });
        expect(await store.events.list(OWNER, PAGE)).toEqual([event]);
      });

      it('are paged by owner, app and sandbox without gap or repetition', async () => {
        const [appId, sandboxId] = [newId(), newId()];
        const events = Array.from({ length: 30 }, (_, index) =>
          anEvent({
            ...(index % 2 === 0 && { appId }),
            ...(index % 3 === 0 && { sandboxId }),
          }),
        );
        // Written in another order than they happened: pages follow the ids.
        const shuffled = events.toSorted((a, b) => a.id.slice(-3).localeCompare(b.id.slice(-3)));
        await store.commit(...shuffled.map((event) => ({ kind: 'event', event }) as const));
        for (const filter of [{}, { appId }, { sandboxId }, { appId, sandboxId }]) {
          const seen = [];
          for (let before: string | undefined; ; before = seen.at(-1)?.id) {
            const page = await store.events.list(OWNER, { ...filter, before, limit: 4 });
            if (page.length === 0) break;
            seen.push(...page);
          }
          const matching = events.filter((event) =>
            Object.entries(filter).every(([key, value]) => event[key as 'appId'] === value),
          );
          expect(seen).toEqual(matching.toReversed());
        }
      });
    });

    describe('a commit', () => {
      it('keeps nothing when its last change breaks a rule', async () => {
        const app = anApp();
        const existing = await insert(aSandbox({ project: { id: 'p', userId: 'u' } }));
        const batch: Change[] = [
          { kind: 'app.insert', app },
          { kind: 'event', event: anEvent() },
          order(existing, 'stopped'),
          { kind: 'report', nodeId: NODE, eventId: newId(), report: aReport(1, existing.id) },
          { kind: 'sandbox.insert', sandbox: aSandbox({ project: existing.project }) },
        ];
        await expect(store.commit(...batch)).rejects.toEqual(rejection('conflict'));
        expect(await store.apps.list(OWNER, PAGE)).toEqual([]);
        expect(await store.events.list(OWNER, PAGE)).toEqual([]);
        expect(await store.sandboxes.find(OWNER, existing.id)).toEqual(existing);
        expect(await store.nodes.acknowledged(NODE)).toBe(0);
      });

      it('works again right after one that failed', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        await expect(store.commit({ kind: 'app.insert', app })).rejects.toEqual(rejection('conflict'));
        await store.commit({ kind: 'app.delete', owner: OWNER, id: app.id });
        expect(await store.apps.find(OWNER, app.id)).toBeUndefined();
      });

      it('is seen by every read that starts after it', async () => {
        for (let round = 0; round < 50; round += 1) {
          const app = anApp();
          await store.commit({ kind: 'app.insert', app });
          expect(await store.apps.find(OWNER, app.id)).toEqual(app);
        }
      });
    });

    describe('a report', () => {
      it('becomes an event under the owner and app of its sandbox, at the time of the node', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const sandbox = await insert(aSandbox({ appId: app.id }));
        const eventId = newId();
        const fields = { type: 'sandbox.stopped', severity: 'warning', payload: { reason: 'idle' } } as const;
        await store.commit({
          kind: 'report',
          nodeId: NODE,
          eventId,
          report: aReport(1, sandbox.id, { ...fields, at: LATER, message: 'It slept.' }),
        });
        expect(await store.events.list(OWNER, { ...PAGE, sandboxId: sandbox.id })).toEqual([
          {
            id: eventId,
            owner: OWNER,
            appId: app.id,
            sandboxId: sandbox.id,
            ...fields,
            message: 'It slept.',
            createdAt: LATER,
          },
        ]);
        expect(await store.nodes.acknowledged(NODE)).toBe(1);
        expect(await store.nodes.acknowledged('node-2')).toBe(0);
      });

      it('counts once when it comes twice, in one batch or in two', async () => {
        const { id } = await insert(aSandbox());
        await store.commit(report(1, id), report(1, id), report(2, id));
        await store.commit(report(1, id), report(2, id), report(3, id));
        expect(await messages()).toEqual(['Report 1.', 'Report 2.', 'Report 3.']);
        expect(await store.nodes.acknowledged(NODE)).toBe(3);
      });

      it('counts once when old batches arrive after newer ones', async () => {
        const { id } = await insert(aSandbox());
        await store.commit(report(1, id), report(2, id), report(3, id));
        await store.commit(report(1, id));
        await store.commit(report(2, id), report(3, id), report(4, id));
        await store.commit(report(1, id), report(2, id));
        expect(await messages()).toEqual(['Report 1.', 'Report 2.', 'Report 3.', 'Report 4.']);
        expect(await store.nodes.acknowledged(NODE)).toBe(4);
      });

      it('counts once when many syncs and commands carry it at the same time', async () => {
        const { id } = await insert(aSandbox());
        const upTo = (last: number) => Array.from({ length: last }, (_, index) => report(index + 1, id));
        await Promise.all(Array.from({ length: 20 }, (_, index) => store.commit(...upTo(index + 1))));
        expect(await messages()).toEqual(Array.from({ length: 20 }, (_, index) => `Report ${index + 1}.`));
        expect(await store.nodes.acknowledged(NODE)).toBe(20);
      });

      it('is numbered by its own node', async () => {
        const { id } = await insert(aSandbox());
        const elsewhere = await insert(aSandbox({ nodeId: 'node-2' }));
        await store.commit(report(5, id));
        await store.commit(report(1, elsewhere.id, 'node-2'));
        expect(await messages()).toEqual(['Report 5.', 'Report 1.']);
      });

      it('finds its owner also when the sandbox and its app are gone', async () => {
        const app = anApp();
        await store.commit({ kind: 'app.insert', app });
        const sandbox = await insert(aSandbox({ appId: app.id }));
        await store.commit(
          order(sandbox, 'absent'),
          { kind: 'app.delete', owner: OWNER, id: app.id },
          observed(anObservation({ id: sandbox.id, generation: 2 }, { state: 'absent' })),
          report(1, sandbox.id),
        );
        expect(await store.events.list(OWNER, { ...PAGE, appId: app.id })).toHaveLength(1);
      });

      it('about a sandbox of another node, or of nobody, is acknowledged and leaves no event', async () => {
        const victim = await insert(aSandbox({ nodeId: 'node-2' }));
        await store.commit(report(1, victim.id), report(2, newId()));
        expect(await messages()).toEqual([]);
        expect(await store.nodes.acknowledged(NODE)).toBe(2);
      });
    });

    describe("a stranger's", () => {
      it('reads find nothing, and writes change nothing', async () => {
        const app = anApp({ externalUserId: 'user-1' });
        const sandbox = aSandbox({ appId: app.id, project: { id: 'p', userId: 'u' }, status: 'running' });
        const event = anEvent({ appId: app.id, sandboxId: sandbox.id });
        await store.commit(
          { kind: 'app.insert', app },
          { kind: 'sandbox.insert', sandbox },
          { kind: 'event', event },
        );
        const mine = { ...app, currentSandboxId: sandbox.id };

        expect(await store.apps.find(STRANGER, app.id)).toBeUndefined();
        expect(await store.apps.list(STRANGER, { ...PAGE, externalUserId: 'user-1' })).toEqual([]);
        expect(await store.sandboxes.find(STRANGER, sandbox.id)).toBeUndefined();
        expect(await store.sandboxes.findOrdered(STRANGER, sandbox.id)).toBeUndefined();
        expect(await store.sandboxes.findByProject(STRANGER, { id: 'p', userId: 'u' })).toBeUndefined();
        expect(await store.sandboxes.list(STRANGER, PAGE)).toEqual([]);
        expect(await store.events.list(STRANGER, { ...PAGE, appId: app.id })).toEqual([]);
        expect(await store.events.list(STRANGER, { ...PAGE, sandboxId: sandbox.id })).toEqual([]);

        const theirs = { owner: STRANGER, at: LATER };
        await store.commit(
          { kind: 'app.update', ...theirs, id: app.id, set: { name: 'Mine now' } },
          { kind: 'app.delete', owner: STRANGER, id: app.id },
          { kind: 'sandbox.order', ...theirs, id: sandbox.id, desired: 'absent' },
          { kind: 'sandbox.update', ...theirs, id: sandbox.id, set: { visibility: 'private' } },
        );
        expect(await store.apps.find(OWNER, app.id)).toEqual(mine);
        expect(await store.sandboxes.find(OWNER, sandbox.id)).toEqual(sandbox);
        expect(await store.events.list(OWNER, PAGE)).toEqual([event]);
      });
    });

    taskStoreContract(() => store);
    snapshotStoreContract(() => store);
    identityStoreContract(() => store);
    configStoreContract(() => store);
    webhookStoreContract(() => store);
    historyStoreContract(() => store);
    sealedStoreContract(() => store);
  });
}
