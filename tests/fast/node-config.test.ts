import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { untoldConfig } from '../../src/agent/config/record.ts';
import { Records } from '../../src/agent/records.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { MASK } from '../../src/domain/mask.ts';
import type { NodeClient, NodeReport, SandboxObservation, SyncAnswer } from '../../src/domain/node.ts';
import type { ExecEvent } from '../../src/domain/runtimed.ts';
import type { SandboxConfig } from '../../src/domain/sandbox-config.ts';
import { aTaskOrder } from '../fakes/rows.ts';
import type { FakeRuntime } from '../fakes/runtime.ts';
import { READY } from '../fakes/runtime.ts';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

const SECRET = 'test-key-not-real';
const AGENT_SECRET = 'agent-key-not-real';
const TASK = '01JTASK0000000000000000001';

const config = (revision: number, runtime: Record<string, string> = { KEY: SECRET }): SandboxConfig => ({
  revision,
  runtime,
  agent: { AGENT_KEY: AGENT_SECRET },
  sensitive: ['KEY', 'AGENT_KEY'],
});
const UNREADABLE: SandboxConfig = { revision: 9, unreadable: 'STRIPE_KEY' };

const ORDER = aTaskOrder({ id: TASK });

describe('what an app is configured with, on its node', () => {
  let remains: Remains & AsyncDisposable;
  let world: World;
  let sandbox: string;
  let node: NodeClient;
  /** What the API says besides, in answers to syncs. */
  let configs: SyncAnswer['configs'];
  /** Whether the API is out of reach. */
  let isAlone: boolean;
  /** What the API was told. */
  let reported: NodeReport[];

  const up = async () => {
    world = await startWorld(remains, {
      onExchange: ({ reports }, answer) => {
        if (isAlone) throw new SandboxdError('node_unavailable', 'Nobody answers.');
        reported.push(...reports);
        return { ...answer, configs };
      },
    });
    // Over the channel, as the API has it.
    node = world.ports.nodes.client(await world.ports.nodes.place());
  };
  const restart = async () => {
    await world[Symbol.asyncDispose]();
    await up();
  };

  beforeEach(async () => {
    configs = [];
    isAlone = false;
    reported = [];
    remains = await makeRemains();
    await up();
    const app = await world.request('POST', '/v1/apps', { body: { name: 'An app' } });
    const { id } = (await app.json()) as { id: string };
    sandbox = ((await (await world.request('POST', `/v1/apps/${id}/sandbox`)).json()) as { id: string }).id;
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    await remains[Symbol.asyncDispose]();
  });

  const inside = () => world.runtimes.get(sandbox) as FakeRuntime;
  const seen = async () => (await node.observe([sandbox]))[0] as SandboxObservation;
  const command = (verb: string) => world.request('POST', `/v1/sandboxes/${sandbox}/${verb}`);
  const awaited = () => remains.engine.spec(sandbox)?.env['SANDBOXD_CONFIG'];
  const wake = async () => {
    await command('stop');
    await world.running.agent.wake(sandbox);
  };
  const order = async (more: object) => {
    const row = await remains.store.sandboxes.find('acme', sandbox);
    if (row === undefined) throw new Error('There is no such sandbox.');
    return { ...row, ...more, generation: row.generation + 1, revision: row.revision + 1 };
  };

  it('reaches a sandbox that runs at once, and says so', async () => {
    await node.configure(sandbox, config(1));
    expect(inside().configs).toEqual([
      { revision: 1, env: { KEY: SECRET }, secrets: [SECRET, AGENT_SECRET] },
    ]);
    expect(await seen()).toMatchObject({ configRevision: 1 });
  });

  it('is there for a wake after a restart of the node, whose programs wait for it, without the API', async () => {
    await node.configure(sandbox, config(1));
    await command('stop');
    await restart();
    expect(await seen()).toMatchObject({ state: 'stopped', configRevision: 1 });
    await world.running.agent.wake(sandbox);
    expect(awaited()).toBe('awaited');
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 1, env: { KEY: SECRET } }]);
  });

  it('is told again to a sandbox that ran on while its node was away, and has not what it should', async () => {
    await node.configure(sandbox, config(1));
    await restart();
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 1, env: { KEY: SECRET } }]);
  });

  it('comes with an order, before anything is started', async () => {
    await command('stop');
    await node.apply(await order({ desired: 'running' }), config(2));
    expect(awaited()).toBe('awaited');
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 2 }]);
  });

  it('that has nothing for the app keeps no program waiting', async () => {
    await node.configure(sandbox, config(1, {}));
    await wake();
    expect(awaited()).toBe('');
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 1, env: {} }]);
  });

  it('comes with a sync when the node missed it', async () => {
    configs = [{ sandboxId: sandbox, config: config(4) }];
    await world.running.syncNow();
    expect(await seen()).toMatchObject({ configRevision: 4 });
    expect(inside().configs).toMatchObject([{ revision: 4 }]);
  });

  it('that is older changes nothing, and one for a sandbox it does not have neither', async () => {
    await node.configure(sandbox, config(3));
    await node.configure(sandbox, config(2, { KEY: 'older-key-not-real' }));
    await node.configure('01JN0SANDB0X0000000000000', config(1));
    expect(inside().configs).toHaveLength(1);
    expect(await seen()).toMatchObject({ configRevision: 3 });
    expect(await readdir(join(remains.directory, 'configs'))).toEqual([`${sandbox}.json`]);
  });

  it('is nowhere on the disk in the clear, nor in the engine, and goes with its sandbox', async () => {
    await node.configure(sandbox, config(1));
    await wake();
    // What waits to be told is removed once it is.
    await expect.poll(() => readdir(join(remains.directory, 'outbox'))).toEqual(['acknowledged.json']);
    const files = await readdir(remains.directory, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'utf8')),
    );
    const written = texts.join('\n') + JSON.stringify(remains.engine.spec(sandbox));
    expect(written).toContain('"sealed"');
    for (const secret of [SECRET, AGENT_SECRET]) {
      expect(written).not.toContain(secret);
      expect(written).not.toContain(btoa(secret).replaceAll('=', ''));
    }
    await world.request('DELETE', `/v1/sandboxes/${sandbox}`);
    expect(await readdir(join(remains.directory, 'configs'))).toEqual([]);
  });

  it('keeps a sandbox down when a value of it cannot be read, and lets it up once that is mended', async () => {
    await node.configure(sandbox, UNREADABLE);
    await wake();
    const state = await seen();
    expect(state).toMatchObject({ state: 'error' });
    expect(state.errorMessage).toContain('STRIPE_KEY');
    // It is not had: so every sync asks for it anew.
    expect(state.configRevision).toBeUndefined();
    await expect(node.tasks(sandbox).submit(ORDER)).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.running.agent.keeper.unfinished).toEqual([]);
    // The key is back: the revision is what it was.
    await node.configure(sandbox, config(9));
    await world.running.agent.wake(sandbox);
    expect(await seen()).toMatchObject({ state: 'running' });
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 9, env: { KEY: SECRET } }]);
  });

  it('is asked for again when the node cannot open its own', async () => {
    await node.configure(sandbox, config(1));
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    const path = join(remains.directory, 'configs', `${sandbox}.json`);
    const record = JSON.parse(await readFile(path, 'utf8')) as { sealed: string };
    await world[Symbol.asyncDispose]();
    await writeFile(path, JSON.stringify({ ...record, sealed: 'not what was sealed' }));
    await up();
    await world.running.agent.wake(sandbox);
    const { state, configRevision } = await seen();
    expect({ state, configRevision }).toEqual({ state: 'error', configRevision: undefined });
    configs = [{ sandboxId: sandbox, config: config(1) }];
    await world.running.syncNow();
    await world.running.agent.wake(sandbox);
    expect(await seen()).toMatchObject({ state: 'running', configRevision: 1 });
  });

  it('that a restored node was not told yet keeps a sandbox down, until the server has answered', async () => {
    await command('stop');
    await world[Symbol.asyncDispose]();
    const path = join(remains.directory, 'configs', `${sandbox}.json`);
    const leave = () => writeFile(path, JSON.stringify(untoldConfig(sandbox)));
    await leave();
    isAlone = true;
    await up();
    await world.running.agent.wake(sandbox);
    expect(await seen()).toMatchObject({ state: 'error' });
    expect((await seen()).configRevision).toBeUndefined();
    isAlone = false;
    configs = [{ sandboxId: sandbox, config: config(1) }];
    await world.running.syncNow();
    await world.running.agent.wake(sandbox);
    expect(awaited()).toBe('awaited');
    await command('stop');
    // The same with an app that has none.
    await world[Symbol.asyncDispose]();
    await leave();
    configs = [];
    await up();
    await world.running.syncNow();
    await world.running.agent.wake(sandbox);
    expect(await seen()).toMatchObject({ state: 'running' });
    expect(awaited()).toBe('');
  });

  it('is there before a sandbox is: what a crash leaves of a creation starts nothing without it', async () => {
    const id = '01JNEWSANDB0X000000000000A';
    const row = await order({ id, desired: 'running', applied: 0 });
    // oxlint-disable-next-line typescript/unbound-method -- called on whatever it is called on
    const { save } = Records.prototype;
    const kept: boolean[] = [];
    const saving = vi.spyOn(Records.prototype, 'save').mockImplementation(function (this: Records, record) {
      if (record.id === id) kept.push(existsSync(join(remains.directory, 'configs', `${id}.json`)));
      return save.call(this, record);
    });
    try {
      await node.apply(row, config(1));
    } finally {
      saving.mockRestore();
    }
    // Its own is the first.
    expect(kept.slice(0, 2)).toEqual([false, true]);
    expect(remains.engine.spec(id)?.env['SANDBOXD_CONFIG']).toBe('awaited');
  });

  it('has names like any other', async () => {
    const named = { ...config(1, { constructor: SECRET }), sensitive: ['constructor'] } as SandboxConfig;
    await node.configure(sandbox, named);
    expect(inside().configs).toEqual([{ revision: 1, env: { constructor: SECRET }, secrets: [SECRET] }]);
  });

  it('is tried again with the next status when the sandbox did not take it', async () => {
    inside().refusal = new SandboxdError('sandbox_unavailable', 'Busy.');
    await node.configure(sandbox, config(1));
    expect(inside().configs).toEqual([]);
    inside().become({ ...READY, phase: 'starting' });
    await expect.poll(() => inside().configs).toMatchObject([{ revision: 1 }]);
  });

  it('is not asked of a sandbox that was started before there was any', async () => {
    inside().refusal = new SandboxdError('not_found', 'No such route.');
    await node.configure(sandbox, config(1));
    inside().become({ ...READY, phase: 'starting' });
    await node.restartProcesses(sandbox, 'all');
    expect(inside().restarts).toEqual(['all']);
    expect(inside().configs).toEqual([]);
  });

  it('is there before processes are restarted', async () => {
    inside().refusal = new SandboxdError('sandbox_unavailable', 'Busy.');
    await node.configure(sandbox, config(1));
    await node.restartProcesses(sandbox, 'all');
    expect(inside().configs).toMatchObject([{ revision: 1 }]);
  });

  it("gives an agent what is an agent's, for its task alone", async () => {
    await node.configure(sandbox, config(1));
    await node.tasks(sandbox).submit(ORDER);
    const tasks = remains.workspaces.tasks(sandbox);
    expect(tasks.environments).toEqual([{ AGENT_KEY: AGENT_SECRET }]);
    expect(JSON.stringify(tasks.assignments)).not.toContain(AGENT_SECRET);
  });

  it('is given to an agent as it is when it begins, not as it was before its sandbox was woken', async () => {
    await node.configure(sandbox, config(1));
    await command('stop');
    const { engine } = remains;
    const start = engine.start.bind(engine);
    const starting = vi.spyOn(engine, 'start').mockImplementation(async (id) => {
      await node.configure(sandbox, {
        ...config(2),
        agent: { AGENT_KEY: 'newer-key-not-real' },
      });
      return start(id);
    });
    try {
      await node.tasks(sandbox).submit(ORDER);
    } finally {
      starting.mockRestore();
    }
    expect(remains.workspaces.tasks(sandbox).environments).toEqual([{ AGENT_KEY: 'newer-key-not-real' }]);
  });

  it('is masked in all that the node passes on', async () => {
    await node.configure(sandbox, config(1, { KEY: 'three', WORD: SECRET }));
    await node.configure(sandbox, config(2, { KEY: SECRET }));
    const { signal } = new AbortController();
    const told: ExecEvent[] = [];
    for await (const event of node.exec(sandbox, { cmd: ['echo', SECRET] }, signal)) told.push(event);
    expect(told).toMatchObject([{ type: 'stdout', data: `echo ${MASK}\n` }, { type: 'exit' }]);
    // It was secret before.
    expect(await node.tailLog(sandbox, 'web', 9)).toEqual(['one', 'two', MASK]);
    const lines: string[] = [];
    for await (const line of node.followLog(sandbox, 'web', 1, signal)) lines.push(line);
    expect(lines).toEqual([MASK]);
    inside().become({
      ...READY,
      manifest_error: `cannot read ${SECRET}`,
      preview: { status: 'error', build_error_message: `${SECRET} is no URL` },
    });
    expect(await seen()).toMatchObject({
      manifestError: `cannot read ${MASK}`,
      preview: { status: 'error', build_error_message: `${MASK} is no URL` },
    });
  });

  it('is masked in what is told of tasks, and in what they came to', async () => {
    await node.configure(sandbox, config(1));
    await node.tasks(sandbox).submit(ORDER);
    const inside = remains.workspaces.tasks(sandbox);
    inside.tell(TASK, { type: 'message', data: { id: 'm', text: `It is ${AGENT_SECRET}.` } });
    inside.finish(TASK, { agent_message_final: `Kept ${SECRET}.` });
    const told: string[] = [];
    for await (const event of node.tasks(sandbox).events(TASK, 0, new AbortController().signal)) {
      told.push(JSON.stringify(event));
    }
    expect(told.join('\n')).toContain(`It is ${MASK}.`);
    expect(told.join('\n')).not.toMatch(/key-not-real/);
    await expect
      .poll(() => reported.find(({ ended }) => ended)?.ended?.outcome)
      .toMatchObject({
        agent_message_final: `Kept ${MASK}.`,
      });
    expect(JSON.stringify(reported)).not.toMatch(/key-not-real/);
  });
});

it('a policy is in force at once', async () => {
  let now = Date.now();
  await using remains = await makeRemains();
  await using world = await startWorld(remains, { clock: () => now });
  const app = (await (await world.request('POST', '/v1/apps', { body: { name: 'An app' } })).json()) as {
    id: string;
  };
  const created = await world.request('POST', `/v1/apps/${app.id}/sandbox`);
  const { id } = (await created.json()) as { id: string };
  now += 120_000;
  await world.running.sleepIdle();
  expect((await remains.engine.inspect(id)).state).toBe('running');
  const node = world.ports.nodes.client(await world.ports.nodes.place());
  await node.setPolicy({ idleEnabled: true, idleSeconds: 60 });
  await world.running.sleepIdle();
  expect((await remains.engine.inspect(id)).state).toBe('absent');
});
