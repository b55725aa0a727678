import { beforeEach, describe, expect, it } from 'vitest';
import { FAKE_NODE_ID } from '../../tests/fakes/fake-node.ts';
import { READY } from '../../tests/fakes/fake-snapshots.ts';
import { aSandbox, anObservation, OWNER } from '../../tests/fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../../tests/fakes/task-world.ts';
import { answerSync } from './node-sync.ts';
import type { SandboxObservation } from './node.ts';
import { restoreApp } from './restore-commands.ts';
import type { Sandbox } from './sandbox.ts';
import { deleteSandbox } from './sandbox-commands.ts';
import type { Snapshot } from './snapshot.ts';
import { beginCapture, captureSnapshot, deleteSnapshot } from './snapshot-commands.ts';

let world: TaskWorld;
let appId: string;
let snapshot: Snapshot;
/** What is to take the place of the world's sandbox, and has not reached its node. */
let next: Sandbox;

const capture = { name: 'Good', live: true };

beforeEach(async () => {
  world = await taskWorld();
  appId = world.sandbox.appId ?? '';
  snapshot = await captureSnapshot(world.ports, OWNER, { ...capture, source_sandbox_id: world.sandbox.id });
});

async function orderRestore(): Promise<void> {
  world.node.reachable = false;
  next = await restoreApp(world.ports, OWNER, appId, { snapshot_id: snapshot.id });
  world.node.reachable = true;
}

/** One turn of the node's loop: says what it has, and does what it hears. */
const turn = async () => world.node.heed(await answerSync(world.ports, FAKE_NODE_ID, world.node.hears()));
const sees = (state: SandboxObservation['state'], fields: Partial<SandboxObservation> = {}) =>
  answerSync(world.ports, FAKE_NODE_ID, {
    observations: [anObservation(next, { state, ...fields })],
    reports: [],
  });
const row = ({ id }: Sandbox) => world.ports.store.sandboxes.findOrdered(OWNER, id);
const currentId = async () => (await world.ports.store.apps.find(OWNER, appId))?.currentSandboxId;
const history = async () =>
  (await world.ports.store.snapshots.list(OWNER, { appId, limit: 9 })).map(({ cause, status }) => [
    cause,
    status,
  ]);
const events = async () =>
  (await world.ports.store.events.list(OWNER, { appId, limit: 99 }))
    .filter(({ type }) => type.startsWith('snapshot.'))
    .map(({ type }) => type)
    .toReversed();
const startCapture = () =>
  beginCapture(world.ports, OWNER, { ...capture, source_sandbox_id: world.sandbox.id });
const statusOf = async ({ id }: Snapshot) => (await world.ports.store.snapshots.find(OWNER, id))?.status;

describe('a restore whose command got lost', () => {
  beforeEach(orderRestore);

  it('is carried out with the next sync, and seen with the one after', async () => {
    await turn();
    expect(await currentId()).toBe(world.sandbox.id);
    await turn();
    expect(await currentId()).toBe(next.id);
    await turn();
    expect(await row(world.sandbox)).toBeUndefined();
    expect(await history()).toEqual([
      ['safety', 'ready'],
      ['manual', 'ready'],
    ]);
    expect(await events()).toEqual(['snapshot.captured', 'snapshot.captured', 'snapshot.restored']);
  });

  it.each(['running', 'paused', 'stopped'] as const)('is done when it is seen %s', async (state) => {
    const { orders } = await sees(state);
    expect(await currentId()).toBe(next.id);
    expect(orders).toMatchObject([
      { id: world.sandbox.id, desired: 'absent' },
      { id: next.id, desired: 'running', generation: 1, revision: 2, replaces: undefined },
    ]);
    expect(await events()).toEqual(['snapshot.captured', 'snapshot.restored']);
  });

  it('is still under way when it is seen being created', async () => {
    const { orders } = await sees('creating');
    expect(orders).toMatchObject([{ desired: 'running' }, { replaces: { sandboxId: world.sandbox.id } }]);
    expect(await currentId()).toBe(world.sandbox.id);
  });

  it('is taken back when it is seen in error, with what was never captured', async () => {
    const { orders } = await sees('error', { errorMessage: 'The archive is damaged.' });
    expect(orders).toMatchObject([
      { id: world.sandbox.id, desired: 'running', generation: 1 },
      { id: next.id, desired: 'absent' },
    ]);
    expect(await currentId()).toBe(world.sandbox.id);
    expect(await history()).toEqual([['manual', 'ready']]);
    const [told] = await world.ports.store.events.list(OWNER, { appId, limit: 1 });
    expect(told).toMatchObject({
      type: 'snapshot.restore.failed',
      severity: 'error',
      message: 'The app was not restored: The archive is damaged.',
      snapshotId: snapshot.id,
    });
  });

  it('keeps the safety snapshot that was taken before it failed', async () => {
    expect.assert(next.replaces !== undefined);
    world.node.snapshots.captureWithin(next.replaces.safety);
    await world.sync();
    await sees('error');
    expect(await history()).toEqual([
      ['safety', 'ready'],
      ['manual', 'ready'],
    ]);
  });

  it('gives way to a sandbox that the app has got meanwhile', async () => {
    const { store } = world.ports;
    const { id } = world.sandbox;
    const third = aSandbox({ appId, nodeId: FAKE_NODE_ID });
    await store.commit(
      { kind: 'sandbox.order', owner: OWNER, id, desired: 'absent', at: 1 },
      { kind: 'sandbox.insert', sandbox: third },
    );
    await sees('running');
    expect(await currentId()).toBe(third.id);
    expect(await row(next)).toMatchObject({ desired: 'absent' });
    expect(await events()).toEqual(['snapshot.captured', 'snapshot.restore.failed']);
  });

  it('ends once, however many see it', async () => {
    await Promise.all([sees('running'), sees('running'), sees('error'), sees('running')]);
    const told = (await events()).filter((type) => type.startsWith('snapshot.restore'));
    expect(told).toHaveLength(1);
    const isOwn = (await currentId()) === next.id;
    expect(told).toEqual([isOwn ? 'snapshot.restored' : 'snapshot.restore.failed']);
  });
});

describe('a capture', () => {
  it('whose command got lost is made after the next sync', async () => {
    world.node.reachable = false;
    const lost = await startCapture();
    world.node.reachable = true;
    await turn();
    expect(await statusOf(lost)).toBe('capturing');
    await turn();
    expect(await statusOf(lost)).toBe('ready');
    const { captures } = await answerSync(world.ports, FAKE_NODE_ID, world.node.hears());
    expect(captures).toEqual([]);
  });

  it('is ordered again with every sync until it has ended', async () => {
    world.node.snapshots.isInstant = false;
    const { id } = await startCapture();
    for (let turns = 0; turns < 2; turns += 1) {
      const { captures } = await answerSync(world.ports, FAKE_NODE_ID, world.node.hears());
      expect(captures).toMatchObject([{ id, sandboxId: world.sandbox.id, live: true }]);
    }
    world.node.snapshots.finish(id);
    const { captures } = await answerSync(world.ports, FAKE_NODE_ID, world.node.hears());
    expect(captures).toEqual([]);
  });

  it('of a sandbox that is gone has failed', async () => {
    world.node.reachable = false;
    const lost = await startCapture();
    world.node.reachable = true;
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    await turn();
    await turn();
    expect(await world.ports.store.snapshots.find(OWNER, lost.id)).toMatchObject({
      status: 'failed',
      errorMessage: 'No such sandbox.',
    });
  });

  it('is ended by its own report alone, once', async () => {
    world.node.snapshots.isInstant = false;
    const { id } = await startCapture();
    world.node.snapshots.finish(id);
    const heard = world.node.hears();
    await Promise.all([1, 2, 3].map(() => answerSync(world.ports, FAKE_NODE_ID, heard)));
    expect(await world.ports.store.snapshots.find(OWNER, id)).toMatchObject(READY);
    const told = await world.ports.store.events.list(OWNER, { appId, limit: 99 });
    expect(told.filter(({ snapshotId }) => snapshotId === id)).toHaveLength(1);
  });
});

describe('an archive', () => {
  it('that could not be removed at once goes with the syncs, and its row with it', async () => {
    world.node.reachable = false;
    await deleteSnapshot(world.ports, OWNER, snapshot.id);
    world.node.reachable = true;
    await turn();
    expect(world.node.snapshots.kept).not.toContain(snapshot.id);
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([snapshot.id]);
    await turn();
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([]);
  });
});
