import { beforeEach, describe, expect, it } from 'vitest';
import { deleteApp } from '../../src/domain/app-commands.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { forkApp } from '../../src/domain/fork-commands.ts';
import { restoreApp } from '../../src/domain/restore-commands.ts';
import { updateSandbox } from '../../src/domain/sandbox-commands.ts';
import { restartProcesses } from '../../src/domain/sandbox-io.ts';
import { type ConfigWorld, configWorld, SECRET_VALUE } from '../fakes/config-world.ts';
import { CONTENT } from '../fakes/fake-snapshots.ts';
import { aSnapshot, OWNER } from '../fakes/rows.ts';

let world: ConfigWorld;
beforeEach(async () => {
  world = await configWorld();
});

const at = (key: string) => `/v1/apps/${world.appId}/config/${key}`;

/** Every policy, one item each. */
async function putAll(): Promise<void> {
  await world.put('KEPT', { access_policy: 'control_plane_only', value: 'kept-here' });
  await world.put('AGENT', { access_policy: 'agent_access', value: 'for-agents' });
  await world.put('RUNTIME', { access_policy: 'runtime_access', value: 'for-programs' });
  await world.put('BOTH', { value: 'for-all', sensitive: false });
}

async function readySnapshot(sandboxId: string): Promise<string> {
  const snapshot = aSnapshot({
    owner: OWNER,
    sourceAppId: world.appId,
    sourceSandboxId: sandboxId,
    nodeId: (await world.ports.store.sandboxes.find(OWNER, sandboxId))?.nodeId ?? '',
    status: 'ready',
    content: CONTENT,
  });
  await world.ports.store.commit({ kind: 'snapshot.insert', snapshot });
  return snapshot.id;
}

describe('What a sandbox is told', () => {
  it('is what the policies allow, and nothing that is for the control plane alone', async () => {
    await putAll();
    const { id } = await world.newSandbox();
    expect(world.node.configOf(id)).toEqual({
      revision: 4,
      runtime: { BOTH: 'for-all', RUNTIME: 'for-programs' },
      agent: { AGENT: 'for-agents', BOTH: 'for-all' },
      sensitive: ['AGENT', 'RUNTIME'],
    });
    expect(JSON.stringify([world.node.configs, world.node.orders])).not.toContain('kept-here');
    expect(JSON.stringify(world.node.orders)).not.toMatch(/for-(agents|programs|all)/);
  });

  it('is nothing for an app that never had any', async () => {
    await world.newSandbox();
    await world.exchange();
    expect(world.node.configs).toEqual([]);
  });

  it('is empty once everything was deleted', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    await world.request('DELETE', at('KEY'));
    expect(world.node.configOf(id)).toEqual({ revision: 2, runtime: {}, agent: {}, sensitive: [] });
  });

  it('holds keys that are names in every object as they are', async () => {
    const { id } = await world.newSandbox();
    await world.put('toString');
    await world.put('hasOwnProperty');
    expect(Object.entries((world.node.configOf(id) as { runtime: object }).runtime)).toEqual([
      ['hasOwnProperty', SECRET_VALUE],
      ['toString', SECRET_VALUE],
    ]);
  });
});

describe('A change', () => {
  it('reaches a live sandbox at once', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY', { value: 'first-fake-value' });
    expect(world.node.configOf(id)).toMatchObject({ revision: 1, runtime: { KEY: 'first-fake-value' } });
    await world.request('PATCH', at('KEY'), { value: 'second-fake-value' });
    expect(world.node.configOf(id)).toMatchObject({ revision: 2, runtime: { KEY: 'second-fake-value' } });
    await world.request('PATCH', at('KEY'), { access_policy: 'agent_access' });
    expect(world.node.configOf(id)).toMatchObject({ runtime: {}, agent: { KEY: 'second-fake-value' } });
  });

  it('succeeds while the node is away, which gets it with its next sync', async () => {
    const { id } = await world.newSandbox();
    world.node.reachable = false;
    expect((await world.put('KEY')).status).toBe(201);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a configuration waits for its node' }),
    );
    world.node.reachable = true;
    await world.exchange();
    expect(world.node.configOf(id)).toMatchObject({ revision: 1, runtime: { KEY: SECRET_VALUE } });
  });

  it('succeeds when the node fails, and says so in the log', async () => {
    await world.newSandbox();
    world.node.configure = () => Promise.reject(new SandboxdError('internal', 'A broken disk.'));
    expect((await world.put('KEY')).status).toBe(201);
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'a configuration is left to the next sync' }),
    );
  });

  it('reaches the sandbox of its own app alone', async () => {
    const { id } = await world.newSandbox();
    const { body } = await world.request('POST', '/v1/apps', { name: 'Another' });
    await world.request('POST', `/v1/apps/${String(body['id'])}/config`, {
      key: 'KEY',
      value: SECRET_VALUE,
      access_policy: 'both',
    });
    await world.exchange();
    expect(world.node.configOf(id)).toBeUndefined();
  });
});

describe('A sync', () => {
  it('brings what the node does not have, and then nothing', async () => {
    await world.put('KEY');
    world.node.reachable = false;
    const { body } = await world.request('POST', `/v1/apps/${world.appId}/sandbox`);
    world.node.reachable = true;
    await world.exchange();
    expect(world.node.configOf(String(body['id']))).toMatchObject({ runtime: { KEY: SECRET_VALUE } });
    const told = world.node.configs.length;
    await world.exchange();
    await world.exchange();
    expect(world.node.configs).toHaveLength(told);
  });

  it('brings nothing for a sandbox that is gone with its app', async () => {
    await world.put('KEY');
    await world.newSandbox();
    world.node.reachable = false;
    await deleteApp(world.ports, OWNER, world.appId);
    world.node.reachable = true;
    const told = world.node.configs.length;
    await world.exchange();
    await world.exchange();
    expect(world.node.configs).toHaveLength(told);
  });
});

describe('Commands', () => {
  it('carry the configuration in force', async () => {
    const { id } = await world.newSandbox();
    world.node.reachable = false;
    await world.put('KEY');
    world.node.reachable = true;
    await updateSandbox(world.ports, OWNER, id, { idle_policy: 'always_on' });
    expect(world.node.configOf(id)).toMatchObject({ revision: 1 });
  });

  it('to restart processes bring it first', async () => {
    const { id } = await world.newSandbox();
    world.node.reachable = false;
    await world.put('KEY');
    world.node.reachable = true;
    const before: unknown[] = [];
    const restart = world.node.restartProcesses.bind(world.node);
    world.node.restartProcesses = async (...given) => {
      before.push(world.node.configOf(id));
      await restart(...given);
    };
    await restartProcesses(world.ports, OWNER, id, 'all');
    expect(before).toMatchObject([{ revision: 1, runtime: { KEY: SECRET_VALUE } }]);
  });
});

describe('A sandbox made from a snapshot', () => {
  it('has the configuration of the app that is restored', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    const made = await restoreApp(world.ports, OWNER, world.appId, { snapshot_id: await readySnapshot(id) });
    expect(made.id).not.toBe(id);
    expect(world.node.configOf(made.id)).toMatchObject({ runtime: { KEY: SECRET_VALUE } });
  });

  it('is told of a change while it is about to take the place of another', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    const snapshot_id = await readySnapshot(id);
    const held = Promise.withResolvers<void>();
    const told: string[] = [];
    world.node.configure = async (sandboxId) => void told.push(sandboxId);
    world.node.hold = held.promise;
    const restoring = restoreApp(world.ports, OWNER, world.appId, { snapshot_id });
    await expect.poll(() => world.node.orders.some(({ replaces }) => replaces !== undefined)).toBe(true);
    await world.request('PATCH', at('KEY'), { value: 'second-fake-value' });
    held.resolve();
    expect(told).toEqual([id, (await restoring).id]);
  });

  it('has none as a fork', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    const { app, sandbox } = await forkApp(world.ports, OWNER, world.appId, {
      snapshot_id: await readySnapshot(id),
    });
    await world.exchange();
    expect(world.node.configOf(sandbox.id)).toBeUndefined();
    expect(await world.ports.store.config.list(OWNER, app.id)).toEqual([]);
  });
});
