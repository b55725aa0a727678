import { beforeEach, describe, expect, it } from 'vitest';
import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import { createApp } from '../../src/domain/app-commands.ts';
import { listConfig, updateConfig } from '../../src/domain/config-commands.ts';
import { type ConfigWorld, configWorld, SECRET_VALUE } from '../fakes/config-world.ts';
import { OWNER } from '../fakes/rows.ts';

let world: ConfigWorld;
beforeEach(async () => {
  world = await configWorld();
});

const path = () => `/v1/apps/${world.appId}/config`;
const otherKeys = () => secretBox({ current: Buffer.alloc(32, 9).toString('base64'), previous: [] });

/** Swaps one character of what was sealed, in its middle. */
function tampered(sealed: string): string {
  const middle = sealed.length - 12;
  return sealed.slice(0, middle) + (sealed[middle] === 'A' ? 'B' : 'A') + sealed.slice(middle + 1);
}

/** What somebody can do who writes into the database, or starts the server with another key. */
const FORGERIES: readonly (readonly [name: string, reason: string, forge: () => Promise<void>])[] = [
  [
    'a ciphertext that was changed',
    'altered',
    async () => world.forge('KEY', { sealed: tampered((await world.row('KEY')).sealed) }),
  ],
  ['something that was never sealed', 'altered', () => world.forge('KEY', { sealed: SECRET_VALUE })],
  [
    "another key's value",
    'altered',
    async () => {
      await world.put('OTHER', { value: 'another-fake-value', access_policy: 'control_plane_only' });
      await world.forge('KEY', { sealed: (await world.row('OTHER')).sealed });
    },
  ],
  [
    "another app's value",
    'altered',
    async () => {
      const other = await createApp(world.ports, OWNER, { name: 'Other', description: '', tags: [] });
      const { body } = await world.request('POST', `/v1/apps/${other.id}/config`, {
        key: 'KEY',
        value: 'another-fake-value',
      });
      expect(body['key']).toBe('KEY');
      const item = await world.ports.store.config.find(OWNER, other.id, 'KEY');
      await world.forge('KEY', { sealed: item?.sealed ?? '' });
    },
  ],
  ['a sensitive value passed off as one to show', 'altered', () => world.forge('KEY', { sensitive: false })],
  [
    'a value sealed with a key that is not here',
    'other_key',
    async () => {
      const sealed = await otherKeys().seal(SECRET_VALUE, ['config', world.appId, 'KEY', 'sensitive']);
      await world.forge('KEY', { sealed });
    },
  ],
];

const unreadable = async () => (await world.events()).filter(({ type }) => type === 'config.unreadable');

describe.each(FORGERIES)('%s', (_, reason, forge) => {
  const event = { type: 'config.unreadable', severity: 'error', payload: { key: 'KEY', reason } };

  it('starts nothing, and is told once', async () => {
    await world.put('KEY');
    await world.put('GOOD', { value: 'a-good-fake-value' });
    await forge();
    const { id } = await world.newSandbox();
    expect(world.node.configOf(id)).toMatchObject({ unreadable: 'KEY' });
    await world.request('POST', `/v1/sandboxes/${id}/stop`);
    await world.request('POST', `/v1/sandboxes/${id}/start`);
    await world.exchange();
    await world.exchange();
    expect(JSON.stringify(world.node.configs)).not.toMatch(/fake-value|test-value/);
    expect(await unreadable()).toMatchObject([event]);
    expect(JSON.stringify(await unreadable())).not.toMatch(/fake-value|test-value/);
  });

  it('is not shown, fails what would have to read it, and no list', async () => {
    await world.put('KEY');
    await world.put('GOOD', { value: 'shown', sensitive: false });
    await forge();
    const { sensitive } = await world.row('KEY');
    const toggled = await world.request('PATCH', `${path()}/KEY`, { sensitive: !sensitive });
    expect(toggled).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(toggled.text).toMatch(/set anew|Set it anew/);
    const listed = await world.request('GET', path());
    expect(listed.status).toBe(200);
    expect(listed.body['config']).toContainEqual(
      expect.objectContaining({ key: 'KEY', error_message: expect.stringContaining('Set it anew') }),
    );
    expect(listed.body['config']).toContainEqual(expect.objectContaining({ key: 'GOOD', value: 'shown' }));
    expect(listed.text + toggled.text).not.toMatch(/fake-value|test-value/);
    expect(await unreadable()).toMatchObject([event]);
  });

  it('is refused by a restart of processes, which leaves those that run alone', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    await forge();
    const answer = await world.request('POST', `/v1/sandboxes/${id}/restart-processes`, {});
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(answer.text).toContain('"KEY\\" cannot be read. Set it anew');
    expect(world.node.restarts).toEqual([]);
  });

  it('is mended by a new value, and told again if that is broken as well', async () => {
    const { id } = await world.newSandbox();
    await world.put('KEY');
    await forge();
    await world.exchange();
    const mended = await world.request('PATCH', `${path()}/KEY`, { value: 'new-value', sensitive: true });
    expect([mended.status, mended.body['error_message']]).toEqual([200, undefined]);
    expect(world.node.configOf(id)).toMatchObject({ runtime: { KEY: 'new-value' } });
    await world.forge('KEY', { sealed: tampered((await world.row('KEY')).sealed) });
    await world.request('POST', `/v1/sandboxes/${id}/restart-processes`, {});
    expect(await unreadable()).toMatchObject([event, { payload: { key: 'KEY', reason: 'altered' } }]);
  });
});

it('a value for the control plane alone that cannot be read keeps no sandbox from starting', async () => {
  await world.put('KEPT', { access_policy: 'control_plane_only' });
  await world.put('KEY');
  await world.forge('KEPT', { sealed: 'broken' });
  const { id } = await world.newSandbox();
  expect(world.node.configOf(id)).toMatchObject({ runtime: { KEY: SECRET_VALUE } });
  expect((await world.events()).map(({ type }) => type)).not.toContain('config.unreadable');
});

it('a master key that comes back makes everything readable again, without anything else', async () => {
  const { ports, node } = world;
  const { id } = await world.newSandbox();
  await world.put('KEY');
  await world.put('KEPT', { access_policy: 'control_plane_only', sensitive: false });
  const without = { ...ports, vault: otherKeys() };
  await updateConfig(without, OWNER, world.appId, 'KEY', { access_policy: 'runtime_access' });
  expect(node.configOf(id)).toMatchObject({ unreadable: 'KEY' });
  expect((await listConfig(without, OWNER, world.appId)).map(({ isUnreadable }) => isUnreadable)).toEqual([
    true,
    true,
  ]);
  await world.exchange();
  expect(node.configOf(id)).toMatchObject({ runtime: { KEY: SECRET_VALUE }, agent: {} });
  expect((await listConfig(ports, OWNER, world.appId)).map(({ isUnreadable }) => isUnreadable)).toEqual([
    false,
    false,
  ]);
});
