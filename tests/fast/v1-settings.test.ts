import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/domain/auth.ts';
import { answerSync } from '../../src/domain/node-sync.ts';
import { PRESETS } from '../../src/domain/preset.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

const OPERATOR = 'fake-token-of-operator';
const TENANT = 'fake-token-of-tenant';

const configuredTokens = new Map([
  [await hashSecret(OPERATOR), 'default'],
  [await hashSecret(TENANT), 'acme'],
]);

const settingsWorld = (): ApiWorld => apiWorld({ configuredTokens, eventRetentionDays: 7 });

const ask = async ({ app }: ApiWorld, method: string, body?: string, token = OPERATOR) => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await app.request('/v1/settings', { method, headers, body });
  return { status: answer.status, text: await answer.text() };
};

const lifecycleIn = (text: string): unknown => (JSON.parse(text) as { lifecycle: unknown }).lifecycle;

describe('the settings', () => {
  it('tell what the installation is like, and nothing secret', async () => {
    const world = settingsWorld();
    const { status, text } = await ask(world, 'GET', undefined, TENANT);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      version: '0.0.0-test',
      networking: {
        preview_domain: 'localhost',
        public_http_port: '8080',
        preview_base: 'http://*.preview.localhost:8080',
        preview_tls: false,
      },
      auth: { enabled: true },
      runtime: { storage_mode: 'overlay', base_image: 'sandboxd/base:test' },
      lifecycle: { idle_reap_enabled: true, idle_threshold_seconds: 2100, keepalive_max_seconds: 86_400 },
      egress: { mode: 'disabled' },
      agents: { providers: ['anthropic', 'openai', 'opencode', 'openai-compatible'] },
      presets: PRESETS.map(({ id, label, description, template, capabilities }) => ({
        id,
        label,
        description,
        template,
        capabilities,
      })),
      capabilities: expect.objectContaining({
        snapshots: true,
        config_secrets: true,
        templates: true,
        forward_auth: false,
      }),
      editable: [
        'lifecycle.idle_reap_enabled',
        'lifecycle.idle_threshold_seconds',
        'lifecycle.keepalive_max_seconds',
      ],
    });
    for (const secret of [OPERATOR, TENANT, world.ports.instance.previewKey, ...configuredTokens.keys()])
      expect(text).not.toContain(secret);
  });

  it.each([
    ['{}', 'lifecycle: is required'],
    ['', 'lifecycle: is required'],
    ['[]', 'JSON object'],
    ['{"lifecycle":5}', 'lifecycle: must be an object'],
    ['{"lifecycle":null}', 'lifecycle: must be an object'],
    ['{"lifecycle":{}}', 'lifecycle: changes nothing'],
    // It may be called by what was meant for its value.
    ['{"lifecycle":{"idle_reap_enabled":false},"fake-secret/+":1}', 'a field: cannot be set here'],
    ['{"lifecycle":{"idle_reap_enabled":false},"version":"2"}', 'version: cannot be set here'],
    ['{"lifecycle":{"idle_reap_enabled":false,"pause_seconds":1}}', 'lifecycle.pause_seconds: cannot be set'],
    ['{"lifecycle":{"idle_reap_enabled":false,"constructor":1}}', 'lifecycle.constructor: cannot be set'],
    ['{"lifecycle":{"idle_reap_enabled":false,"__proto__":1}}', 'lifecycle.__proto__: cannot be set'],
    ['{"lifecycle":{"idle_reap_enabled":"false"}}', 'lifecycle.idle_reap_enabled: must be true or false'],
    ['{"lifecycle":{"idle_reap_enabled":null}}', 'lifecycle.idle_reap_enabled: must be true or false'],
    ['{"lifecycle":{"idle_threshold_seconds":59}}', 'idle_threshold_seconds: must be from 60 to 86400'],
    ['{"lifecycle":{"idle_threshold_seconds":86401}}', 'idle_threshold_seconds: must be from 60 to 86400'],
    ['{"lifecycle":{"idle_threshold_seconds":60.5}}', 'idle_threshold_seconds: must be a whole number'],
    ['{"lifecycle":{"idle_threshold_seconds":"60"}}', 'idle_threshold_seconds: must be a number'],
    ['{"lifecycle":{"keepalive_max_seconds":-1}}', 'keepalive_max_seconds: must be from 0 to 604800'],
    ['{"lifecycle":{"keepalive_max_seconds":604801}}', 'keepalive_max_seconds: must be from 0 to 604800'],
    ['{"lifecycle":{"idle_threshold_seconds":600,"keepalive_max_seconds":-1}}', 'keepalive_max_seconds'],
  ])('are not changed by %s', async (body, message) => {
    const world = settingsWorld();
    const { status, text } = await ask(world, 'PATCH', body);
    expect(status).toBe(400);
    expect(text).toContain(message);
    expect(await world.ports.store.settings.lifecycle()).toEqual({});
    expect(await world.ports.store.events.list('default', { limit: 10 })).toEqual([]);
    expect(world.node.policies).toEqual([]);
  });

  it('are for operators alone to change, whatever others send', async () => {
    const world = settingsWorld();
    for (const body of ['{"lifecycle":{"idle_reap_enabled":false}}', 'nonsense']) {
      const { status, text } = await ask(world, 'PATCH', body, TENANT);
      expect(status).toBe(403);
      expect(text).toContain('SANDBOXD_OPERATORS');
    }
    expect(await world.ports.store.settings.lifecycle()).toEqual({});
  });

  it('are in force on the node at once, one by one, and the timeline says which', async () => {
    const world = settingsWorld();
    const first = await ask(world, 'PATCH', '{"lifecycle":{"idle_threshold_seconds":120}}');
    expect(first.status).toBe(200);
    const second = await ask(
      world,
      'PATCH',
      '{"lifecycle":{"keepalive_max_seconds":0,"idle_reap_enabled":false}}',
    );
    expect(lifecycleIn(second.text)).toEqual({
      idle_reap_enabled: false,
      idle_threshold_seconds: 120,
      keepalive_max_seconds: 0,
    });
    expect(world.node.policies).toEqual([
      { idleEnabled: true, idleSeconds: 120 },
      { idleEnabled: false, idleSeconds: 120 },
    ]);
    const events = await world.ports.store.events.list('default', { limit: 10 });
    expect(events.map(({ type, payload }) => [type, payload])).toEqual([
      ['settings.updated', { keys: 'lifecycle.idle_reap_enabled,lifecycle.keepalive_max_seconds' }],
      ['settings.updated', { keys: 'lifecycle.idle_threshold_seconds' }],
    ]);
  });

  it('stand although a node is away, which hears of them by its next sync', async () => {
    const world = settingsWorld();
    world.node.reachable = false;
    const { status } = await ask(world, 'PATCH', '{"lifecycle":{"idle_threshold_seconds":300}}');
    expect(status).toBe(200);
    expect(world.node.policies).toEqual([]);
    expect(world.logged.filter(({ level }) => level === 'warn')).toHaveLength(1);
    const { policy } = await answerSync(world.ports, 'another-node', { observations: [], reports: [] });
    expect(policy).toEqual({ idleEnabled: true, idleSeconds: 300 });
  });

  it('end as the last of many changes at once says, on the node as well', async () => {
    const world = settingsWorld();
    const wanted = [100, 200, 300, 400, 500];
    await Promise.all(
      wanted.map((seconds) => ask(world, 'PATCH', `{"lifecycle":{"idle_threshold_seconds":${seconds}}}`)),
    );
    const { idleThresholdSeconds } = await world.ports.store.settings.lifecycle();
    expect(wanted).toContain(idleThresholdSeconds);
    expect(world.node.policies.at(-1)?.idleSeconds).toBe(idleThresholdSeconds);
  });
});

const change = async (world: World, lifecycle: object) => {
  const answer = await world.request('PATCH', '/v1/settings', { body: { lifecycle } });
  expect(answer.status).toBe(200);
};

describe('settings and the node that obeys them', () => {
  const SLEEPS_AT = 60;
  let remains: Remains & AsyncDisposable;
  let now = Date.UTC(2030, 0, 1);
  beforeAll(async () => {
    remains = await makeRemains();
  });
  afterAll(() => remains[Symbol.asyncDispose]());

  const start = () => startWorld(remains, { clock: () => now, instance: { operators: new Set(['acme']) } });
  const newSandbox = async (world: World): Promise<string> => {
    const body = { project: { id: `p${now}`, user_id: 'u' } };
    return ((await (await world.request('POST', '/v1/sandboxes', { body })).json()) as { id: string }).id;
  };
  /** What is seen of it once it has not been used for a while, and the node has looked for idle ones. */
  const after = async (world: World, id: string, seconds: number): Promise<string> => {
    now += seconds * 1000;
    await world.running.sleepIdle();
    const answer = await world.request('GET', `/v1/sandboxes/${id}`);
    return ((await answer.json()) as { status: string }).status;
  };

  it('are said again by a sync that comes at once, whatever an answer on its way still says', async () => {
    await using other = await makeRemains();
    const said: boolean[] = [];
    await using world = await startWorld(other, {
      instance: { operators: new Set(['acme']) },
      onExchange: (_request, answer) => {
        said.push(answer.policy.idleEnabled);
        return answer;
      },
    });
    await expect.poll(() => said).toContain(true);
    await change(world, { idle_reap_enabled: false });
    await expect.poll(() => said.at(-1)).toBe(false);
  });

  it('puts to sleep as they say, and no sooner than they say; also after a restart', async () => {
    let id: string;
    {
      await using world = await start();
      id = await newSandbox(world);
      expect(await after(world, id, SLEEPS_AT)).toBe('running');
      await change(world, { idle_threshold_seconds: SLEEPS_AT, idle_reap_enabled: false });
      expect(await after(world, id, 10 * SLEEPS_AT)).toBe('running');
    }
    await using world = await start();
    await world.running.syncNow();
    expect(await after(world, id, 10 * SLEEPS_AT)).toBe('running');
    await change(world, { idle_reap_enabled: true });
    expect(await after(world, id, 0)).toBe('stopped');
  });
});
