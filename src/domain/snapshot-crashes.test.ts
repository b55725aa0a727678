import { describe, expect, it } from 'vitest';
import { FAKE_NODE_ID } from '../../tests/fakes/fake-node.ts';
import { OWNER } from '../../tests/fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../../tests/fakes/task-world.ts';
import { SandboxdError } from './errors.ts';
import { forkApp } from './fork-commands.ts';
import { answerSync } from './node-sync.ts';
import type { NodeClient } from './node.ts';
import type { Ports } from './ports.ts';
import { restoreApp } from './restore-commands.ts';
import { captureSnapshot, deleteSnapshot } from './snapshot-commands.ts';

/** What is done while the API is killed, and what of the node is broken meanwhile. */
interface Walk {
  readonly act: (ports: Ports, world: TaskWorld, snapshotId: string) => Promise<unknown>;
  readonly prepare?: (world: TaskWorld) => void;
}

const restore: Walk['act'] = (ports, { sandbox }, snapshot_id) =>
  restoreApp(ports, OWNER, sandbox.appId ?? '', { snapshot_id });
const broken = () => new SandboxdError('sandbox_unavailable', 'It would not start.');

const WALKS: Record<string, Walk> = {
  'a capture': {
    act: (ports, { sandbox }) =>
      captureSnapshot(ports, OWNER, { source_sandbox_id: sandbox.id, name: 'Again', live: true }),
  },
  'a restore': { act: restore },
  'a restore that fails': { act: restore, prepare: ({ node }) => (node.failure = broken()) },
  'a restore whose safety snapshot fails': {
    act: restore,
    prepare: ({ node }) => (node.snapshots.end = { status: 'failed', errorMessage: 'The disk is full.' }),
  },
  'a fork': {
    act: (ports, { sandbox }, snapshot_id) => forkApp(ports, OWNER, sandbox.appId ?? '', { snapshot_id }),
  },
  'the deletion of a snapshot': { act: (ports, _, snapshotId) => deleteSnapshot(ports, OWNER, snapshotId) },
};

/**
 * Ports of an API that is killed at its n-th step that anybody else sees: at it, or right after. It does nothing any
 * more from then on.
 */
function dyingAt(ports: Ports, fatal: number, isDone: boolean): { ports: Ports; died: () => boolean } {
  let steps = 0;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const number = (steps += 1);
    if (number === fatal && isDone) await work();
    if (number >= fatal) throw new Error('The API was killed.');
    return work();
  };
  const { store, nodes } = ports;
  const client = (id: string): NodeClient => {
    const node = nodes.client(id);
    const { snapshots } = node;
    return Object.assign(Object.create(node) as NodeClient, {
      apply: (order: Parameters<NodeClient['apply']>[0]) => step(() => node.apply(order)),
      observe: (ids: readonly string[]) => node.observe(ids),
      snapshots: {
        capture: (order) => step(() => snapshots.capture(order)),
        settled: (id, signal) => step(() => snapshots.settled(id, signal)),
        progress: (ids) => snapshots.progress(ids),
        discard: (ids) => step(() => snapshots.discard(ids)),
      } satisfies NodeClient['snapshots'],
    });
  };
  const dying = {
    ...ports,
    store: { ...store, commit: (...changes) => step(() => store.commit(...changes)) },
    nodes: { ...nodes, client },
  } satisfies Ports;
  return { ports: dying, died: () => steps >= fatal };
}

/** What the node does by itself while the API is up again. */
async function settle({ ports, node }: TaskWorld): Promise<void> {
  for (let turns = 0; turns < 4; turns += 1)
    await node.heed(await answerSync(ports, FAKE_NODE_ID, node.hears()));
}

/** Nothing is under way any more, every app has what it needs, and nothing is left that nobody knows. */
async function expectWhole({ ports, node }: TaskWorld): Promise<void> {
  const { apps, sandboxes, snapshots } = ports.store;
  expect(await sandboxes.replacing(FAKE_NODE_ID)).toEqual([]);
  const live = await sandboxes.ofNode(FAKE_NODE_ID);
  expect(live.map(({ status, desired }) => [status, desired])).toEqual(
    live.map(() => ['running', 'running']),
  );
  const own = (await apps.list(OWNER, { limit: 9 })).map(({ currentSandboxId }) => currentSandboxId);
  expect(new Set(own)).toEqual(new Set(live.map(({ id }) => id)));
  const seen = node.hears().observations.map(({ id, state }) => `${id} ${state}`);
  expect(new Set(seen)).toEqual(new Set(live.map(({ id }) => `${id} running`)));
  const rows = await snapshots.list(OWNER, { limit: 9 });
  expect(rows.filter(({ status }) => status === 'capturing')).toEqual([]);
  const ready = rows.filter(({ status }) => status === 'ready').map(({ id }) => id);
  expect([...node.snapshots.kept].toSorted()).toEqual(ready.toSorted());
  expect(await snapshots.discardedOn(FAKE_NODE_ID)).toEqual([]);
}

/** Kills the API at one step, starts it again, and looks. Answers whether it came that far. */
async function killAt({ act, prepare }: Walk, fatal: number, isDone: boolean): Promise<boolean> {
  const world = await taskWorld([]);
  const input = { source_sandbox_id: world.sandbox.id, name: 'Good', live: true };
  const { id } = await captureSnapshot(world.ports, OWNER, input);
  prepare?.(world);
  const dying = dyingAt(world.ports, fatal, isDone);
  await act(dying.ports, world, id).catch(() => undefined);
  await settle(world);
  await expectWhole(world);
  return dying.died();
}

describe('Whenever the API is killed', () => {
  it.each(
    Object.keys(WALKS).flatMap((name) => [
      [name, 'at', false] as const,
      [name, 'right after', true] as const,
    ]),
  )('during %s, %s any step, everything is whole after a few syncs', async (name, _, isDone) => {
    const walk = WALKS[name];
    expect.assert(walk !== undefined);
    let steps = 0;
    while (await killAt(walk, steps + 1, isDone)) steps += 1;
    expect(steps).toBeGreaterThan(1);
  });
});
