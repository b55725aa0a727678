import { lstat, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerSpec, Engine, EngineEvent } from '../../src/domain/engine.ts';
import { ulidSource } from '../../src/domain/ids.ts';

/** An engine with the image of tests/docker/node-image.ts. */
export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: Engine;
  readonly image: string;
  /** Directories for one sandbox, all but the provider's writable by it; its home is an overlay. */
  directories(
    sandboxId: string,
  ): Promise<Pick<ContainerSpec, 'home' | 'controlDirectory' | 'providerDirectory'>>;
}

const newId = ulidSource();
const LIMITS = { memoryBytes: 256 * 1024 ** 2, cpus: 1, pids: 64, openFiles: 1024 };

/** What every engine promises. */
export function engineContract(name: string, setUp: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the engine's contract`, () => {
    let under: EngineUnderTest;
    let engine: Engine;
    let id: string;
    let spec: ContainerSpec;

    beforeEach(async () => {
      under = await setUp();
      engine = under.engine;
      id = newId();
      spec = {
        sandboxId: id,
        image: under.image,
        ...(await under.directories(id)),
        env: { GREETING: 'hello' },
        limits: LIMITS,
      };
      await engine.ensureNetwork();
    });

    afterEach(async () => {
      await under[Symbol.asyncDispose]();
    });

    const state = async () => (await engine.inspect(id)).state;

    it('takes a sandbox from creation over two runs to its removal', async () => {
      await engine.create(spec);
      expect(await engine.inspect(id)).toEqual({ sandboxId: id, state: 'stopped' });
      const first = await engine.start(id);
      expect(await engine.inspect(id)).toEqual({ sandboxId: id, state: 'running', ...first });
      await engine.stop(id, 5);
      expect(await engine.inspect(id)).toMatchObject({ state: 'stopped', oomKilled: false });
      const second = await engine.start(id);
      expect(second.startedAt).toBeGreaterThan(first.startedAt);
      await engine.remove(id);
      expect(await engine.inspect(id)).toEqual({ sandboxId: id, state: 'absent' });
    });

    it('keeps a container of the same specification, in the state it is in', async () => {
      await engine.create(spec);
      const started = await engine.start(id);
      await engine.create({ ...spec });
      expect(await engine.inspect(id)).toMatchObject({ state: 'running', ...started });
    });

    it('replaces a container of another specification', async () => {
      await engine.create(spec);
      await engine.start(id);
      await engine.create({ ...spec, env: { GREETING: 'good evening' } });
      expect(await state()).toBe('stopped');
      await engine.start(id);
      expect(await state()).toBe('running');
    });

    it('answers a second start with the run that is on', async () => {
      await engine.create(spec);
      const [started] = [await engine.start(id)];
      expect(await engine.start(id)).toEqual(started);
    });

    it('stops, kills and removes what is not there', async () => {
      await engine.stop(id, 1);
      await engine.kill(id);
      await engine.remove(id);
      await engine.create(spec);
      await engine.stop(id, 1);
      await engine.kill(id);
      expect(await state()).toBe('stopped');
    });

    it('starts, pauses and unpauses nothing that is not there', async () => {
      for (const operation of ['start', 'pause', 'unpause'] as const) {
        await expect(engine[operation](id)).rejects.toMatchObject({ code: 'not_found' });
      }
    });

    it('pauses and unpauses, also when it is so already', async () => {
      await engine.create(spec);
      const { address } = await engine.start(id);
      await engine.pause(id);
      await engine.pause(id);
      expect(await engine.inspect(id)).toMatchObject({ state: 'paused', address });
      await expect(engine.start(id)).rejects.toMatchObject({ code: 'conflict' });
      await engine.unpause(id);
      await engine.unpause(id);
      expect(await state()).toBe('running');
    });

    it('pauses and unpauses nothing that is stopped', async () => {
      await engine.create(spec);
      await expect(engine.pause(id)).rejects.toMatchObject({ code: 'conflict' });
      await expect(engine.unpause(id)).rejects.toMatchObject({ code: 'conflict' });
    });

    it.each(['stop', 'kill', 'remove'] as const)('can %s what is paused', async (operation) => {
      await engine.create(spec);
      await engine.start(id);
      await engine.pause(id);
      await engine[operation](id, 5);
      expect(await state()).toBe(operation === 'remove' ? 'absent' : 'stopped');
    });

    it('kills', async () => {
      await engine.create(spec);
      await engine.start(id);
      await engine.kill(id);
      expect(await engine.inspect(id)).toMatchObject({ state: 'stopped', exitCode: 137 });
    });

    it('lists every container, and each operation leaves the others alone', async () => {
      const other = newId();
      await engine.create(spec);
      await engine.create({ ...spec, sandboxId: other, ...(await under.directories(other)) });
      await engine.start(other);
      const byId = new Map((await engine.list()).map((view) => [view.sandboxId, view]));
      expect(byId.get(id)).toEqual({ sandboxId: id, state: 'stopped' });
      expect(byId.get(other)).toMatchObject({ state: 'running', address: expect.any(String) });
      await engine.remove(id);
      expect((await engine.list()).map((view) => view.sandboxId)).toEqual([other]);
      expect((await engine.inspect(other)).state).toBe('running');
      await engine.remove(other);
    });

    it('tells what happens, from the moment it is connected until the signal aborts', async () => {
      const leaving = new AbortController();
      const events = engine.events(leaving.signal)[Symbol.asyncIterator]();
      expect(await events.next()).toMatchObject({ value: { type: 'connected' } });
      await engine.create(spec);
      await engine.start(id);
      await engine.pause(id);
      await engine.unpause(id);
      await engine.kill(id);
      const told: EngineEvent[] = [];
      while (told.length < 4) told.push((await events.next()).value);
      expect(told.map(({ type }) => type)).toEqual(['start', 'pause', 'unpause', 'die']);
      expect(told[3]).toMatchObject({ sandboxId: id, exitCode: 137, at: expect.any(Number) });
      const last = events.next();
      leaving.abort();
      expect(await last).toMatchObject({ done: true });
    });

    it('says that an image is missing', async () => {
      await expect(engine.create({ ...spec, image: 'sandboxd-test:no-such' })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('image'),
      });
      await expect(engine.imageDigest('sandboxd-test:no-such')).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await state()).toBe('absent');
    });

    it('gives an image an id that names it', async () => {
      const digest = await engine.imageDigest(under.image);
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await engine.imageDigest(digest)).toBe(digest);
    });

    it('knows the coding agents that an image offers, those there are', async () => {
      expect(await engine.imageAgents(under.image)).toEqual(new Set(['opencode', 'codex']));
      await expect(engine.imageAgents('sandboxd-test:no-such')).rejects.toMatchObject({
        code: 'unavailable',
      });
    });

    it('copies a directory out of an image as it is, without set-id bits', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sandboxd-extract-'));
      try {
        await engine.extract(under.image, '/opt/layers/demo', directory);
        const modules = join(directory, 'workspace/app/node_modules');
        const tool = await stat(join(modules, 'tool.js'));
        expect(tool).toMatchObject({ uid: 1000, gid: 1000, mode: 0o100755, nlink: 2, mtimeMs: 1e12 });
        expect(await readlink(join(modules, 'link.js'))).toBe('tool.js');
        expect((await lstat(join(modules, 'link.js'))).uid).toBe(1000);
        expect((await stat(join(modules, 'same.js'))).ino).toBe(tool.ino);
        const missing = engine.extract(under.image, '/opt/layers/no-such', directory);
        await expect(missing).rejects.toMatchObject({ code: 'not_found' });
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    it('makes a volume with an overlay home and removes it with the container', async () => {
      await engine.create(spec);
      expect(await engine.listVolumes()).toEqual([id]);
      await expect(engine.removeVolume(id)).rejects.toMatchObject({ code: 'conflict' });
      await engine.start(id);
      await engine.remove(id);
      expect(await engine.listVolumes()).toEqual([]);
      await engine.removeVolume(id);
    });

    it.each(['', '../../etc', 'l'.repeat(26), `${'0'.repeat(25)}/`])(
      'takes %j for no sandbox',
      async (hostile) => {
        const attempts: (() => Promise<unknown>)[] = [
          () => engine.create({ ...spec, sandboxId: hostile }),
          () => engine.start(hostile),
          () => engine.stop(hostile, 1),
          () => engine.remove(hostile),
          () => engine.inspect(hostile),
          () => engine.removeVolume(hostile),
        ];
        for (const attempt of attempts)
          await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request' });
      },
    );

    it('describes itself', async () => {
      const info = await engine.info();
      expect(info.cpus).toBeGreaterThan(0);
      expect(info.memoryBytes).toBeGreaterThan(1e8);
      expect(info.runtimes).toContain('runc');
    });
  });
}
