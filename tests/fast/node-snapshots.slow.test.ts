import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { orderOf } from '../../src/domain/node.ts';
import { keep } from '../contracts/snapshot-store.contract.ts';
import { MemorySnapshots } from '../fakes/memory-snapshots.ts';
import { bestOf } from '../harness/best-of.ts';
import { OTHER, SNAPSHOT, SnapshotBench } from '../harness/snapshot-bench.ts';

describe('the snapshots of a node', () => {
  let bench: SnapshotBench;

  beforeEach(async () => {
    bench = await SnapshotBench.make();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  it('captures one at rest, and reports what came of it', async () => {
    await bench.stop();
    await bench.snapshots.capture(bench.order({ parentSnapshotId: OTHER }));
    expect(await bench.end()).toMatchObject({
      sandboxId: bench.sandbox,
      type: 'snapshot.captured',
      severity: 'info',
      payload: { files: 1, live: false },
      captured: { status: 'ready', content: { contentBytes: 3, fileCount: 1, isShared: false } },
    });
    const manifest = await bench.remains.snapshots.find(SNAPSHOT);
    expect(manifest).toMatchObject({ id: SNAPSHOT, parentSnapshotId: OTHER, entryCount: 1, fileCount: 1 });
    expect(bench.remains.engine.calls.filter((call) => call.startsWith('pause'))).toEqual([]);
  });

  it('says of one that is kept in a shared store that it is, and not of one that is on its own disk still', async () => {
    const { snapshots } = bench.remains;
    snapshots.isShared = true;
    await bench.stop();
    await bench.snapshots.capture(bench.order());
    expect(await bench.end()).toMatchObject({ captured: { content: { isShared: true } } });
    const earlier = new MemorySnapshots();
    vi.spyOn(snapshots, 'own', 'get').mockReturnValue(earlier);
    for (const store of [snapshots, earlier]) await keep(store, OTHER, 10);
    await bench.snapshots.capture(bench.order({ id: OTHER }));
    expect(await bench.end(OTHER)).toMatchObject({ captured: { content: { isShared: false } } });
  });

  it('refuses one that runs, and one it does not have, and leaves nothing of them', async () => {
    await expect(bench.snapshots.capture(bench.order())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('live to true'),
    });
    await expect(bench.snapshots.capture(bench.order({ sandboxId: OTHER }))).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await bench.records()).toEqual([]);
    expect(await bench.remains.snapshots.list()).toEqual([]);
  });

  it('takes the same order twice for one', async () => {
    await bench.stop();
    await Promise.all([bench.snapshots.capture(bench.order()), bench.snapshots.capture(bench.order())]);
    await bench.end();
    await bench.snapshots.capture(bench.order());
    await bench.restart();
    await bench.snapshots.capture(bench.order());
    await bench.world.running.syncNow();
    expect(bench.endsOf(SNAPSHOT)).toHaveLength(1);
  });

  it('lets one that runs stand still for the copy, and go on', async () => {
    const held = bench.hold();
    await bench.snapshots.capture(bench.order({ live: true }));
    await held.begun;
    expect(await bench.state()).toBe('paused');
    expect((await bench.seen())?.awakeBecause).toEqual(['a snapshot of it is being taken']);
    held.go();
    expect(await bench.end()).toMatchObject({ payload: { live: true }, captured: { status: 'ready' } });
    expect(await bench.state()).toBe('running');
    expect((await bench.seen())?.awakeBecause).toEqual([]);
    expect(bench.happened('sandbox.stopped')).toEqual([]);
  });

  it('thaws one whose copy fails, and says why where that can be said', async () => {
    bench.remains.workspaces.onArchive = () => {
      throw new SandboxdError('unavailable', 'The disk of the node is full.');
    };
    await bench.snapshots.capture(bench.order({ live: true }));
    expect(await bench.end()).toMatchObject({
      type: 'snapshot.capture.failed',
      severity: 'error',
      captured: { status: 'failed', errorMessage: 'The disk of the node is full.' },
    });
    expect(await bench.state()).toBe('running');
    bench.remains.workspaces.onArchive = () => {
      throw new Error('/secret/path of the host');
    };
    await bench.snapshots.capture(bench.order({ id: OTHER, live: true }));
    const failed = await bench.end(OTHER);
    expect(failed).toMatchObject({ captured: { status: 'failed' } });
    expect(JSON.stringify(failed)).not.toContain('/secret');
    expect(await bench.state()).toBe('running');
  });

  it('thaws one again and again until the engine does it', async () => {
    bench.remains.workspaces.onArchive = () =>
      void bench.remains.engine.failures.set('unpause', new SandboxdError('node_unavailable', 'Too slow.'));
    await bench.snapshots.capture(bench.order({ live: true }));
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    expect(await bench.state()).toBe('running');
  });

  it('does not thaw what ended meanwhile', async () => {
    const held = bench.hold();
    await bench.snapshots.capture(bench.order({ live: true }));
    await held.begun;
    bench.remains.engine.crash(bench.sandbox);
    held.go();
    await bench.end();
    await expect
      .poll(() => bench.happened('sandbox.stopped'))
      .toMatchObject([{ payload: { reason: 'crash' } }]);
  });

  it('keeps nothing of what the store does not take, and can be asked again', async () => {
    await bench.stop();
    bench.remains.snapshots.failure = new SandboxdError('unavailable', 'The snapshot store is full.');
    await bench.snapshots.capture(bench.order());
    expect(await bench.end()).toMatchObject({ captured: { errorMessage: 'The snapshot store is full.' } });
    expect(await bench.remains.snapshots.list()).toEqual([]);
    await bench.snapshots.capture(bench.order({ id: OTHER }));
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
  });

  it.each([true, false])(
    'has nothing set aside when the store took nothing of it (live: %s)',
    async (live) => {
      if (!live) await bench.stop();
      const archive = vi.spyOn(bench.remains.workspaces, 'archive');
      const away = new SandboxdError('unavailable', 'The snapshot store does not answer.');
      vi.spyOn(bench.remains.snapshots, 'put').mockRejectedValueOnce(away);
      await bench.snapshots.capture(bench.order({ live }));
      expect(await bench.end()).toMatchObject({ captured: { errorMessage: away.message } });
      expect(archive.mock.calls.map(([, options]) => options.signal?.aborted)).toEqual([true]);
    },
  );

  it('captures one at rest that was stopped before its turn', async () => {
    const release = bench.occupy();
    const slept = bench.agent.sleep(bench.sandbox, 'idle', () => true);
    await bench.snapshots.capture(bench.order({ live: true }));
    await Promise.all([release(), slept]);
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    expect(bench.remains.engine.calls.filter((call) => call.startsWith('pause'))).toEqual([]);
  });

  it('does not capture one that woke up before its turn, and says so', async () => {
    await bench.stop();
    const release = bench.occupy();
    const woken = bench.agent.wake(bench.sandbox);
    await bench.snapshots.capture(bench.order());
    await Promise.all([release(), woken]);
    expect(await bench.end()).toMatchObject({
      captured: { status: 'failed', errorMessage: expect.stringContaining('woke up') },
    });
    expect(await bench.state()).toBe('running');
  });

  it('lets who wakes one wait for its capture, and says what they wait for', async () => {
    await bench.stop();
    const held = bench.hold();
    await bench.snapshots.capture(bench.order());
    await held.begun;
    const woken = bench.agent.wake(bench.sandbox);
    await bench.world.running.syncNow();
    expect((await bench.seen())?.progress).toBe('A snapshot of it is being taken');
    expect(bench.world.routes.get(bench.sandbox)?.progress).toBe('A snapshot of it is being taken');
    expect(await bench.state()).toBe('absent');
    held.go();
    await woken;
    expect(await bench.state()).toBe('running');
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
  });

  it('lets the node tell everything else while one is captured', async () => {
    await bench.stop();
    const held = bench.hold();
    await bench.snapshots.capture(bench.order());
    await held.begun;
    // Less than an exchange waits for what it ordered.
    const limit = 1500;
    const took = await bestOf(3, limit, async () => {
      const before = bench.heard.length;
      const began = performance.now();
      await bench.world.running.syncNow();
      expect(bench.heard.length).toBeGreaterThan(before);
      return performance.now() - began;
    });
    expect(took).toBeLessThan(limit);
    held.go();
    await bench.end();
  });

  it('stops and deletes one that is captured only when it goes on', async () => {
    const held = bench.hold();
    await bench.snapshots.capture(bench.order({ live: true }));
    await held.begun;
    const stopped = bench.agent.sleep(bench.sandbox, 'idle', () => true);
    await bench.world.running.syncNow();
    expect(await bench.state()).toBe('paused');
    held.go();
    await stopped;
    await bench.world.request('DELETE', `/v1/sandboxes/${bench.sandbox}`);
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    expect(await bench.remains.workspaces.list()).toEqual([]);
    expect(await bench.remains.snapshots.list()).toEqual([SNAPSHOT]);
  });

  it('copies one aside again only when the last copy is kept', async () => {
    const answer = Promise.withResolvers<void>();
    bench.remains.snapshots.silence = answer.promise;
    const pauses = () => bench.remains.engine.calls.filter((call) => call.startsWith('pause')).length;
    await bench.snapshots.capture(bench.order({ live: true }));
    await bench.snapshots.capture(bench.order({ id: OTHER, live: true }));
    await expect.poll(pauses).toBe(1);
    // Whoever asks for the sandbox meanwhile has it after all that waits for it.
    await bench.agent.exclusively(bench.sandbox, async () => undefined);
    expect(pauses()).toBe(1);
    answer.resolve();
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
    expect(pauses()).toBe(2);
  });

  it('fails for one that was deleted before its turn', async () => {
    await bench.stop();
    const release = bench.occupy();
    const row = await bench.remains.store.sandboxes.find('acme', bench.sandbox);
    if (row === undefined) throw new Error('the sandbox has no row');
    const absent = { ...orderOf(row), desired: 'absent', generation: 9, revision: 9 } as const;
    const deleted = bench.agent.apply(absent);
    await bench.snapshots.capture(bench.order());
    await Promise.all([release(), deleted]);
    expect(await bench.end()).toMatchObject({ captured: { status: 'failed' } });
  });

  it('captures one sandbox twice, one after the other', async () => {
    await bench.stop();
    const held = bench.hold();
    await bench.snapshots.capture(bench.order());
    await bench.snapshots.capture(bench.order({ id: OTHER }));
    await held.begun;
    expect(await bench.snapshots.progress([SNAPSHOT, OTHER, bench.sandbox])).toEqual([
      { id: SNAPSHOT, step: 'Waiting for the sandbox', files: 0, bytes: 0 },
      { id: OTHER, step: 'Waiting', files: 0, bytes: 0 },
    ]);
    held.go();
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'ready' } });
  });

  it.each([false, true])(
    'captures one over a restart of the node (live: %s), and reports it once',
    async (live) => {
      if (!live) await bench.stop();
      const held = bench.hold();
      await bench.snapshots.capture(bench.order({ live }));
      await held.begun;
      await bench.leave();
      expect(bench.endsOf(SNAPSHOT)).toEqual([]);
      expect(await bench.state()).toBe(live ? 'running' : 'absent');
      held.go();
      await bench.enter();
      expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
      await bench.restart();
      await bench.world.running.syncNow();
      expect(bench.endsOf(SNAPSHOT)).toHaveLength(1);
    },
  );

  it('thaws what stood still when the node was killed, and goes on with it', async () => {
    await bench.leave();
    await bench.remains.engine.pause(bench.sandbox);
    await bench.enter();
    expect(await bench.state()).toBe('running');
    expect(bench.agent.lifecycle.live.has(bench.sandbox)).toBe(true);
    await bench.world.running.syncNow();
    expect(bench.happened('sandbox.stopped')).toEqual([]);
  });

  it('does not make an archive again that is kept', async () => {
    await bench.stop();
    await bench.snapshots.capture(bench.order());
    await bench.end();
    const outbox = join(bench.remains.directory, 'outbox');
    await bench.leave();
    // A report that was lost with what the node remembered of it.
    await writeFile(join(outbox, 'acknowledged.json'), JSON.stringify({ seq: 100, keys: [] }));
    bench.told.clear();
    bench.remains.workspaces.onArchive = () => {
      throw new Error('it is copied again');
    };
    await bench.enter();
    await bench.snapshots.capture(bench.order());
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready', content: { fileCount: 1 } } });
  });

  it('is done with one whose record outlived the report of its end', async () => {
    await bench.stop();
    const held = bench.hold();
    await bench.snapshots.capture(bench.order());
    await held.begun;
    const path = join(bench.remains.directory, 'captures', `${SNAPSHOT}.json`);
    const record = await readFile(path, 'utf8');
    held.go();
    await bench.end();
    await bench.leave();
    await writeFile(path, record);
    await bench.enter();
    expect(await bench.records()).toEqual([]);
    await bench.world.running.syncNow();
    expect(bench.endsOf(SNAPSHOT)).toHaveLength(1);
  });

  it('begins what the API orders that this node has not heard of, and ends what cannot be done', async () => {
    bench.orders = { captures: [bench.order({ live: true }), bench.order({ id: OTHER })] };
    await bench.world.running.syncNow();
    await bench.world.running.syncNow();
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    expect(await bench.end(OTHER)).toMatchObject({ captured: { status: 'failed' } });
    await bench.world.running.syncNow();
    expect(bench.endsOf(SNAPSHOT)).toHaveLength(1);
    expect(bench.endsOf(OTHER)).toHaveLength(1);
  });

  it('removes archives as ordered, and confirms that with the next sync', async () => {
    await bench.stop();
    await bench.snapshots.capture(bench.order());
    await bench.end();
    bench.orders = { discards: [SNAPSHOT, OTHER] };
    bench.remains.snapshots.failure = new SandboxdError('unavailable', 'Not now.');
    await bench.world.running.syncNow();
    bench.orders = { discards: [SNAPSHOT, OTHER] };
    await bench.world.running.syncNow();
    bench.orders = {};
    await expect
      .poll(() => new Set(bench.heard.flatMap(({ discarded }) => discarded ?? [])))
      .toEqual(new Set([SNAPSHOT, OTHER]));
    expect(await bench.remains.snapshots.list()).toEqual([]);
    await bench.world.running.syncNow();
    expect(bench.heard.at(-1)?.discarded).toEqual([]);
  });

  it('goes on with everything else while the store does not answer a removal', async () => {
    const answer = Promise.withResolvers<void>();
    bench.remains.snapshots.silence = answer.promise;
    bench.orders = { discards: [OTHER] };
    await bench.world.running.syncNow();
    await bench.world.running.syncNow();
    bench.orders = {};
    answer.resolve();
    await expect.poll(() => bench.heard.some(({ discarded }) => discarded?.includes(OTHER))).toBe(true);
  });

  it('shuts down while the store does not answer, and captures with the next start', async () => {
    await bench.stop();
    const answer = Promise.withResolvers<void>();
    bench.remains.snapshots.silence = answer.promise;
    await bench.snapshots.capture(bench.order());
    await expect.poll(() => bench.seen()).toMatchObject({ progress: 'A snapshot of it is being taken' });
    await bench.world.running.stopAll();
    expect(bench.endsOf(SNAPSHOT)).toEqual([]);
    bench.remains.snapshots.silence = undefined;
    await bench.restart();
    expect(await bench.end()).toMatchObject({ captured: { status: 'ready' } });
    answer.resolve();
  });

  describe('over the channel', () => {
    it('are captured, followed, waited for and discarded', async () => {
      await bench.stop();
      const held = bench.hold();
      const channel = await bench.client();
      await channel.capture(bench.order());
      await held.begun;
      expect(await channel.progress([SNAPSHOT])).toMatchObject([{ id: SNAPSHOT, files: 0 }]);
      await expect(channel.discard([SNAPSHOT])).rejects.toMatchObject({ code: 'conflict' });
      const settled = channel.settled(SNAPSHOT, new AbortController().signal);
      held.go();
      await settled;
      expect(await channel.progress([SNAPSHOT])).toEqual([]);
      await channel.discard([SNAPSHOT, OTHER]);
      expect(await bench.remains.snapshots.list()).toEqual([]);
    });

    it('can be waited for no longer than one wants to, and not at all when nobody knows them', async () => {
      await bench.stop();
      const held = bench.hold();
      const channel = await bench.client();
      await channel.capture(bench.order());
      await held.begun;
      const left = new AbortController();
      const settled = channel.settled(SNAPSHOT, left.signal);
      left.abort();
      await settled;
      await channel.settled(OTHER, new AbortController().signal);
      expect(bench.endsOf(SNAPSHOT)).toEqual([]);
      held.go();
      await bench.end();
    });

    it('tell why they are refused', async () => {
      await expect((await bench.client()).capture(bench.order())).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  it('wakes what it captured at rest without anything said of it any more', async () => {
    await bench.stop();
    await bench.snapshots.capture(bench.order());
    await bench.end();
    await bench.world.request('POST', `/v1/sandboxes/${bench.sandbox}/start`);
    await expect.poll(async () => (await bench.seen())?.progress).toBeUndefined();
  });
});
