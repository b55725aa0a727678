import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FAKE_NODE_ID } from '../../tests/fakes/fake-node.ts';
import { OWNER } from '../../tests/fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../../tests/fakes/task-world.ts';
import { deleteApp } from './app-commands.ts';
import { SandboxdError } from './errors.ts';
import { forkApp } from './fork-commands.ts';
import { answerSync } from './node-sync.ts';
import type { NodeClient } from './node.ts';
import type { Ports } from './ports.ts';
import { restoreApp } from './restore-commands.ts';
import {
  createAppSandbox,
  deleteSandbox,
  startSandbox,
  stopSandbox,
  updateSandbox,
} from './sandbox-commands.ts';
import { captureSnapshot, deleteSnapshot } from './snapshot-commands.ts';
import type { Store } from './store.ts';
import { NewTask, submitTask } from './task-commands.ts';

interface Scene {
  /** Of an API that is slow between any two steps. */
  readonly ports: Ports;
  readonly world: TaskWorld;
  readonly appId: string;
  readonly snapshotId: string;
}

/** The sandbox that an app is about to get, or the one it has. */
async function newest({ ports, appId }: Scene): Promise<string> {
  const [next] = await ports.store.sandboxes.replacing(FAKE_NODE_ID);
  const app = await ports.store.apps.find(OWNER, appId);
  return next?.id ?? app?.currentSandboxId ?? '';
}

const ACTIONS = {
  restore: ({ ports, appId, snapshotId }) => restoreApp(ports, OWNER, appId, { snapshot_id: snapshotId }),
  fork: ({ ports, appId, snapshotId }) => forkApp(ports, OWNER, appId, { snapshot_id: snapshotId }),
  capture: ({ ports, world }) =>
    captureSnapshot(ports, OWNER, { source_sandbox_id: world.sandbox.id, name: 'Again', live: true }),
  'delete the snapshot': ({ ports, snapshotId }) => deleteSnapshot(ports, OWNER, snapshotId),
  'delete the sandbox': ({ ports, world }) => deleteSandbox(ports, OWNER, world.sandbox.id),
  'delete the newest sandbox': async (scene) => deleteSandbox(scene.ports, OWNER, await newest(scene)),
  'delete the app': ({ ports, appId }) => deleteApp(ports, OWNER, appId),
  'delete the app and its snapshots': ({ ports, appId }) => deleteApp(ports, OWNER, appId, 'delete'),
  'create a sandbox': ({ ports, appId }) => createAppSandbox(ports, OWNER, appId, {}),
  stop: ({ ports, world }) => stopSandbox(ports, OWNER, world.sandbox.id),
  start: ({ ports, world }) => startSandbox(ports, OWNER, world.sandbox.id),
  'make private': ({ ports, world }) =>
    updateSandbox(ports, OWNER, world.sandbox.id, { visibility: 'private' }),
  work: async ({ ports, world }) => {
    const task = await submitTask(ports, OWNER, world.sandbox.id, v.parse(NewTask, { prompt: 'x' }));
    world.node.finishTask(world.sandbox.id, task.id);
  },
  'break the next start': async ({ world }) => {
    world.node.failure = new SandboxdError('sandbox_unavailable', 'It would not start.');
  },
  'break the next capture': async ({ world }) => {
    world.node.snapshots.end = { status: 'failed', errorMessage: 'The disk is full.' };
  },
  'lose the node': async ({ world }) => {
    world.node.reachable = false;
  },
  'find the node': async ({ world }) => {
    world.node.reachable = true;
  },
  sync: async ({ ports, world }) => {
    if (!world.node.reachable) return;
    // A node logs what it cannot do, and is told again.
    await turn(ports, world).catch(() => undefined);
  },
} satisfies Record<string, (scene: Scene) => Promise<unknown>>;

type Action = keyof typeof ACTIONS;

/** What the node does by itself. */
const turn = async (ports: Ports, { node }: TaskWorld) =>
  node.heed(await answerSync(ports, FAKE_NODE_ID, node.hears()));

/** Ports each step of which waits for its turn. */
function slowed({ ports, node }: TaskWorld, scheduler: fc.Scheduler): Ports {
  const slow = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (from, key) => {
        const value: unknown = Reflect.get(from, key, from);
        if (typeof value === 'object' && value !== null) return slow(value);
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          await scheduler.schedule(Promise.resolve(), String(key));
          return Reflect.apply(value, from, given) as unknown;
        };
      },
    });
  const client = Object.assign(Object.create(node) as NodeClient, {
    apply: async (order: Parameters<NodeClient['apply']>[0]) => {
      await scheduler.schedule(Promise.resolve(), 'apply');
      const outcome = await node.apply(order);
      await scheduler.schedule(Promise.resolve(), 'applied');
      // Done, and the answer is lost.
      if (!node.reachable) throw new SandboxdError('node_unavailable', 'The node does not answer.');
      return outcome;
    },
    observe: (ids: readonly string[]) => node.observe(ids),
    tasks: (id: string) => node.tasks(id),
    agents: () => node.agents(),
  });
  return { ...ports, store: slow<Store>(ports.store), nodes: { ...ports.nodes, client: () => client } };
}

async function expectWhole({ ports, node }: TaskWorld): Promise<void> {
  const { apps, sandboxes, snapshots, events } = ports.store;
  expect(await sandboxes.replacing(FAKE_NODE_ID)).toEqual([]);
  const live = await sandboxes.ofNode(FAKE_NODE_ID);
  expect(live.filter(({ desired }) => desired === 'absent')).toEqual([]);
  const own = (await apps.list(OWNER, { limit: 99 })).flatMap(
    ({ currentSandboxId }) => currentSandboxId ?? [],
  );
  expect(own.toSorted()).toEqual(live.map(({ id }) => id).toSorted());
  const seen = new Set(node.hears().observations.map(({ id }) => id));
  expect([...seen].toSorted()).toEqual(live.map(({ id }) => id).toSorted());
  const rows = await snapshots.list(OWNER, { limit: 99 });
  expect(rows.filter(({ status }) => status === 'capturing')).toEqual([]);
  const ready = rows.filter(({ status }) => status === 'ready').map(({ id }) => id);
  expect([...node.snapshots.kept].toSorted()).toEqual(ready.toSorted());
  expect(await snapshots.discardedOn(FAKE_NODE_ID)).toEqual([]);
  const told = (await events.list(OWNER, { limit: 200 })).filter(({ type }) =>
    type.startsWith('snapshot.rest'),
  );
  expect(new Set(told.map(({ sandboxId }) => sandboxId)).size).toBe(told.length);
}

/** What may end, or leave open, what another action had done. */
const takesAway = (name: Action): boolean =>
  name.startsWith('delete') || name === 'create a sandbox' || name === 'lose the node';

/** Everybody was told the truth. */
async function expectDone(
  { world, appId, snapshotId }: Scene,
  done: (name: Action) => number,
): Promise<void> {
  const { apps, sandboxes, events } = world.ports.store;
  const restored = (await events.list(OWNER, { limit: 200 })).filter(
    ({ type }) => type === 'snapshot.restored',
  );
  expect(restored).toHaveLength(done('restore'));
  const all = await apps.list(OWNER, { limit: 99 });
  expect(all).toHaveLength(1 + done('fork'));
  const own = await sandboxes.find(OWNER, all.find(({ id }) => id === appId)?.currentSandboxId ?? '');
  expect(own?.fromSnapshotId).toBe(done('restore') > 0 ? snapshotId : undefined);
  // Who is told that the sandbox is gone may have had an effect on the one that took its place, and that is safe.
  expect(done('make private') > 0 && own?.visibility === 'public').toBe(false);
  const { visibility } = world.node.orders.findLast(({ id }) => id === own?.id) ?? {};
  expect(visibility).toBe(own?.visibility);
}

describe('Whatever is asked for at the same time', () => {
  it('leaves every app with one sandbox or none, and every archive with a row', async () => {
    const names = fc.constantFrom(...(Object.keys(ACTIONS) as Action[]));
    const asked = fc.array(names, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(asked, fc.scheduler(), async (actions, scheduler) => {
        const world = await taskWorld(['anthropic']);
        const input = { source_sandbox_id: world.sandbox.id, name: 'Good', live: true };
        const { id: snapshotId } = await captureSnapshot(world.ports, OWNER, input);
        const ports = slowed(world, scheduler);
        const scene = { ports, world, appId: world.sandbox.appId ?? '', snapshotId };
        const all = Promise.allSettled(actions.map((name) => ACTIONS[name](scene)));
        await scheduler.waitFor(all);
        const reasons = (await all).flatMap((one) =>
          one.status === 'rejected' ? [one.reason as unknown] : [],
        );
        expect(reasons.filter((reason) => !(reason instanceof SandboxdError))).toEqual([]);
        Object.assign(world.node, { reachable: true, failure: undefined });
        for (let turns = 0; turns < 6; turns += 1) await turn(world.ports, world);
        await expectWhole(world);
        if (actions.some(takesAway)) return;
        const outcomes = await all;
        const done = (name: Action) =>
          actions.filter((one, n) => one === name && outcomes[n]?.status === 'fulfilled').length;
        await expectDone(scene, done);
      }),
      { numRuns: 1000 },
    );
  }, 240_000);
});
