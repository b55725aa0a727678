import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { orderOf, type SandboxOrder } from '../../src/domain/node.ts';
import { aTaskOrder } from '../fakes/rows.ts';
import { OTHER, SNAPSHOT, SnapshotBench } from '../harness/snapshot-bench.ts';

/** A sandbox made from the snapshot. */
const NEW = '01JSANDB0X0000000000000002';
const TASK = '01JTASK0000000000000000001';

const fromSnapshot = (more: Partial<SandboxOrder> = {}): SandboxOrder => ({
  id: NEW,
  generation: 1,
  revision: 1,
  desired: 'running',
  template: 'blank',
  ports: [3000],
  visibility: 'public',
  idlePolicy: 'sleep',
  fromSnapshotId: SNAPSHOT,
  ...more,
});

let bench: SnapshotBench;
let free: number;
let now: number;

beforeEach(async () => {
  [free, now] = [8e9, Date.now()];
  bench = await SnapshotBench.make({
    memory: async () => ({ availableBytes: free, totalBytes: 16e9 }),
    clock: () => now,
  });
  await bench.snapshots.capture(bench.order({ live: true }));
  await bench.end();
  await bench.write('two');
});
afterEach(() => bench[Symbol.asyncDispose]());

/** One that takes the place of the bench's own, which is captured as `OTHER` before. */
const restore = (more: Partial<SandboxOrder> = {}): SandboxOrder =>
  fromSnapshot({
    replaces: { sandboxId: bench.sandbox, safety: bench.order({ id: OTHER }) },
    ...more,
  });

const outcome = async (order: SandboxOrder) =>
  (await bench.agent.apply(order)).observations.find(({ id }) => id === order.id);

/** The order for the bench's own sandbox, as the API has it. */
async function own(more: Partial<SandboxOrder> = {}): Promise<SandboxOrder> {
  const row = await bench.remains.store.sandboxes.find('acme', bench.sandbox);
  if (row === undefined) throw new Error('the sandbox has no row');
  return { ...orderOf(row), ...more };
}

const failStart = (code: 'sandbox_unavailable' | 'node_unavailable' = 'sandbox_unavailable') =>
  bench.remains.engine.failures.set('create', new SandboxdError(code, 'The engine refused it.'));

describe('a sandbox made from a snapshot', () => {
  it('begins with what was captured, and does without where that came from', async () => {
    await bench.world.request('DELETE', `/v1/sandboxes/${bench.sandbox}`);
    expect(await outcome(fromSnapshot())).toMatchObject({ state: 'running' });
    expect(await bench.read(NEW)).toBe('one');
  });

  it('keeps what became of it when it starts again', async () => {
    await bench.agent.apply(fromSnapshot());
    await bench.remains.workspaces
      .files(NEW)
      .write({ path: 'page.txt', root: 'app', append: false }, Buffer.from('three'));
    await bench.agent.apply(fromSnapshot({ generation: 2, revision: 2, desired: 'stopped' }));
    await bench.snapshots.discard([SNAPSHOT]);
    await bench.agent.apply(fromSnapshot({ generation: 3, revision: 3 }));
    expect(await bench.read(NEW)).toBe('three');
  });

  it('does not come to be without its archive, and says so', async () => {
    await bench.snapshots.discard([SNAPSHOT]);
    expect(await outcome(fromSnapshot())).toMatchObject({
      state: 'error',
      errorMessage: expect.stringContaining("archive is not in this node's snapshot store"),
    });
    expect(await bench.remains.workspaces.list()).toEqual([bench.sandbox]);
  });

  it('does not come to be while the store is away, and can be started when it is back', async () => {
    bench.remains.snapshots.failure = new SandboxdError('unavailable', 'The snapshot store does not answer.');
    expect(await outcome(fromSnapshot())).toMatchObject({
      state: 'error',
      errorMessage: 'The snapshot store does not answer.',
    });
    expect(await outcome(fromSnapshot({ generation: 2, revision: 2 }))).toMatchObject({ state: 'running' });
    expect(await bench.read(NEW)).toBe('one');
  });
});

describe('a restore', () => {
  it('captures what it replaces, which stops before, and comes up', async () => {
    expect(await outcome(restore())).toMatchObject({ state: 'running' });
    expect(await bench.read(NEW)).toBe('one');
    expect(await bench.end(OTHER)).toMatchObject({ sandboxId: bench.sandbox, type: 'snapshot.captured' });
    await expect
      .poll(() => bench.happened('sandbox.stopped'))
      .toMatchObject([{ sandboxId: bench.sandbox, payload: { reason: 'restore' } }]);
    expect(await bench.state()).toBe('absent');
    expect(await bench.read()).toBe('two');
    // Everything of before is in the snapshot that was taken.
    await bench.agent.apply(fromSnapshot({ id: TASK, fromSnapshotId: OTHER }));
    expect(await bench.read(TASK)).toBe('two');
  });

  it('tells people what it does', async () => {
    const held = bench.hold();
    const restored = bench.agent.apply(restore());
    await held.begun;
    expect(await bench.seen(NEW)).toMatchObject({ state: 'creating', progress: 'Saving the app as it is' });
    held.go();
    await restored;
    expect((await bench.seen(NEW))?.progress).not.toBe('Saving the app as it is');
  });

  it('lets nobody bring up what it replaces, meanwhile and afterwards', async () => {
    const held = bench.hold();
    const restored = bench.agent.apply(restore());
    await held.begun;
    const program = bench.agent.exec(bench.sandbox, { cmd: ['true'] }, new AbortController().signal);
    await expect(program[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'conflict' });
    held.go();
    await restored;

    await bench.agent.wake(bench.sandbox);
    expect(bench.world.routes.get(bench.sandbox)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('being restored'),
    });
    const started = bench.agent.apply(await own({ generation: 8, revision: 8, idlePolicy: 'always_on' }));
    await expect(started).rejects.toMatchObject({ code: 'conflict' });
    const file = { path: 'page.txt', root: 'app', append: false } as const;
    const written = bench.agent.files(bench.sandbox).write(file, Buffer.from('lost'));
    await expect(written).rejects.toMatchObject({ code: 'conflict' });
    await bench.world.running.sleepIdle();
    expect(await bench.state()).toBe('absent');
  });

  it('lets it go once its place is taken', async () => {
    await bench.agent.apply(restore());
    await bench.agent.apply(await own({ generation: 9, revision: 9, desired: 'absent' }));
    const { replaces: _, ...settled } = restore({ revision: 2 });
    await bench.agent.apply(settled);
    expect(await bench.remains.workspaces.list()).toEqual([NEW]);
    expect(await bench.state(NEW)).toBe('running');
    await bench.restart();
    expect(await bench.state(NEW)).toBe('running');
  });

  it('leaves one that slept asleep, and captures that too', async () => {
    await bench.stop();
    expect(await outcome(restore())).toMatchObject({ state: 'running' });
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
    await bench.world.running.syncNow();
    expect(bench.happened('sandbox.stopped')).toMatchObject([{ payload: { reason: 'user' } }]);
  });

  it('needs room only when what it replaces has none to give', async () => {
    free = 1e8;
    expect(await outcome(restore())).toMatchObject({ state: 'running' });
  });

  it('leaves no trace when there is no room', async () => {
    await bench.stop();
    free = 1e8;
    await expect(bench.agent.apply(restore())).rejects.toMatchObject({ code: 'sandbox_capacity' });
    expect(await bench.seen(NEW)).toBeUndefined();
    expect(bench.endsOf(OTHER)).toEqual([]);
    free = 8e9;
    await bench.agent.wake(bench.sandbox);
    expect(await bench.state()).toBe('running');
  });

  it.each(['running', 'absent'])(
    'that fails leaves what it was to replace as it was (%s)',
    async (before) => {
      if (before === 'absent') await bench.stop();
      failStart();
      expect(await outcome(restore())).toMatchObject({
        state: 'error',
        errorMessage: 'The engine refused it.',
      });
      expect(await bench.state()).toBe(before);
      expect(await bench.read()).toBe('two');
      expect(await bench.state(NEW)).toBe('absent');
      expect(await bench.remains.workspaces.list()).toEqual([bench.sandbox]);
      expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
      await bench.agent.wake(bench.sandbox);
      expect(await bench.state()).toBe('running');
    },
  );

  it('does not begin when what is there cannot be saved', async () => {
    bench.remains.workspaces.onArchive = () => {
      throw new SandboxdError('unavailable', 'The disk of the node is full.');
    };
    expect(await outcome(restore())).toMatchObject({
      state: 'error',
      errorMessage: expect.stringContaining('The disk of the node is full.'),
    });
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'failed' } });
    expect(await bench.state()).toBe('running');
    expect(await bench.read()).toBe('two');
    expect(await bench.remains.workspaces.list()).toEqual([bench.sandbox]);
  });

  it('does not begin without its archive', async () => {
    await bench.snapshots.discard([SNAPSHOT]);
    expect(await outcome(restore())).toMatchObject({
      errorMessage: expect.stringMatching(/If SANDBOXD_SNAPSHOT_STORE was changed, set it back\.$/),
    });
    await expect
      .poll(() => bench.happened('sandbox.create.failed'))
      .toMatchObject([{ sandboxId: NEW, payload: { reason: 'conflict' } }]);
    expect(await bench.state()).toBe('running');
  });

  it('that failed says of the sandbox it made that the app is as it was', async () => {
    failStart();
    await bench.agent.apply(restore());
    await bench.agent.apply(restore({ generation: 2, revision: 2, desired: 'absent' }));
    await expect
      .poll(() => bench.happened('sandbox.deleted'))
      .toMatchObject([
        { sandboxId: NEW, message: expect.stringMatching(/was taken away again\. The app is as it was\.$/) },
      ]);
  });

  it('that went says of a deletion later on what any says', async () => {
    await bench.agent.apply(restore());
    const { replaces: _, ...settled } = restore({ generation: 2, revision: 2, desired: 'absent' });
    await bench.agent.apply(settled);
    await expect
      .poll(() => bench.happened('sandbox.deleted'))
      .toMatchObject([{ sandboxId: NEW, message: 'The sandbox and its workspace were deleted.' }]);
  });

  it('that is called off with its app promises nothing of it', async () => {
    failStart();
    await bench.agent.apply(restore());
    await bench.agent.apply(await own({ generation: 9, revision: 9, desired: 'absent' }));
    await bench.agent.apply(restore({ generation: 2, revision: 2, desired: 'absent' }));
    await expect
      .poll(() => bench.happened('sandbox.deleted').filter(({ sandboxId }) => sandboxId === NEW))
      .toMatchObject([{ message: expect.stringMatching(/was taken away again\.$/) }]);
  });

  it('does not begin while a task runs', async () => {
    await bench.agent.tasks(bench.sandbox).submit(aTaskOrder({ id: TASK }));
    expect(await outcome(restore())).toMatchObject({
      state: 'error',
      errorMessage: expect.stringContaining('task'),
    });
    expect(await bench.state()).toBe('running');
    expect(bench.remains.workspaces.tasks(bench.sandbox).activeId).toBe(TASK);
    expect(bench.happened('sandbox.stopped')).toEqual([]);
  });

  it('goes without what it replaces when that is gone', async () => {
    await bench.world.request('DELETE', `/v1/sandboxes/${bench.sandbox}`);
    expect(await outcome(restore())).toMatchObject({ state: 'running' });
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'failed' } });
  });

  it('goes on after a restart of the node, with what was up before', async () => {
    const held = bench.hold();
    const cut = bench.agent.apply(restore());
    await held.begun;
    await Promise.all([bench.leave(), expect(cut).rejects.toMatchObject({ code: 'node_unavailable' })]);
    expect(await bench.state()).toBe('absent');
    held.go();
    failStart();
    await bench.enter();
    await expect.poll(async () => (await bench.seen(NEW))?.state).toBe('error');
    expect(await bench.state()).toBe('running');
    expect(await bench.remains.workspaces.list()).toEqual([bench.sandbox]);
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
  });

  it('is finished after a restart of the node', async () => {
    const held = bench.hold();
    const cut = bench.agent.apply(restore());
    await held.begun;
    await Promise.all([bench.leave(), expect(cut).rejects.toMatchObject({ code: 'node_unavailable' })]);
    held.go();
    await bench.enter();
    await expect.poll(async () => (await bench.seen(NEW))?.state).toBe('running');
    expect(await bench.state()).toBe('absent');
    expect(await bench.read(NEW)).toBe('one');
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
  });

  it('is given up midway by a node that shuts down, and finished by its next start', async () => {
    const { workspaces } = bench.remains;
    let left: Promise<void> | undefined;
    workspaces.onUnpack = () => {
      left = bench.leave();
    };
    await expect(bench.agent.apply(restore())).rejects.toMatchObject({ code: 'node_unavailable' });
    await left;
    workspaces.onUnpack = () => undefined;
    expect(await workspaces.list()).toEqual([bench.sandbox]);
    await bench.enter();
    await expect.poll(async () => (await bench.seen(NEW))?.state).toBe('running');
    expect(await bench.read(NEW)).toBe('one');
    expect(bench.endsOf(OTHER)).toHaveLength(1);
  });

  it('goes on when the engine is back, and remembers what was up', async () => {
    failStart('node_unavailable');
    await expect(bench.agent.apply(restore())).rejects.toMatchObject({ code: 'node_unavailable' });
    expect(await bench.state()).toBe('absent');
    failStart();
    expect(await outcome(restore())).toMatchObject({ state: 'error' });
    expect(await bench.state()).toBe('running');
    expect(bench.endsOf(OTHER).length).toBeLessThan(2);
  });

  it('is kept up until the API has seen it, whatever the hour', async () => {
    // As nobody's it would be put away before long.
    bench.orders = { orders: [await own(), restore()] };
    await bench.agent.apply(restore());
    now += 3_600_000;
    await bench.world.running.sleepIdle();
    expect(await bench.state(NEW)).toBe('running');
    await bench.agent.sleep(NEW, 'shutdown', () => true);
    now += 3_600_000;
    await bench.world.running.sleepIdle();
    expect(await bench.state(NEW)).toBe('running');
    const { replaces: _, ...settled } = restore({ revision: 2 });
    bench.orders = { orders: [await own(), settled] };
    await bench.agent.apply(settled);
    now += 3_600_000;
    await bench.world.running.sleepIdle();
    expect(await bench.state(NEW)).toBe('absent');
    expect(await bench.seen(NEW)).toMatchObject({ state: 'stopped' });
  });
});
