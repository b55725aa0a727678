import { beforeEach, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/domain/auth.ts';
import type { EventType } from '../../src/domain/event.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { answerSync } from '../../src/domain/node-sync.ts';
import { createProjectSandbox } from '../../src/domain/sandbox-commands.ts';
import type { Change } from '../../src/domain/store.ts';
import { FAKE_NODE_ID } from '../fakes/fake-node.ts';
import { CONTENT, READY } from '../fakes/fake-snapshots.ts';
import { aSnapshot, OWNER } from '../fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../fakes/task-world.ts';

const TOKEN = 'fake-token-of-alice';
const STRANGERS_TOKEN = 'fake-token-of-a-stranger';
const MISSING = '01JNEVERWAS000000000000000';
const configuredTokens = new Map([
  [await hashSecret(TOKEN), OWNER],
  [await hashSecret(STRANGERS_TOKEN), 'stranger'],
]);

interface Json {
  readonly id: string;
  readonly snapshots: Json[];
  readonly events: { readonly type: EventType; readonly sandbox_id?: string; readonly payload?: object }[];
  readonly next_before?: string;
  readonly app: Json;
  readonly sandbox: Json;
  readonly error: { readonly code: string; readonly message: string };
  readonly [field: string]: unknown;
}

let world: TaskWorld;
let app: string;
let sandbox: string;
beforeEach(async () => {
  await begin();
});

async function begin(instance: Parameters<typeof taskWorld>[1] = {}): Promise<void> {
  world = await taskWorld(['anthropic'], { configuredTokens, ...instance });
  app = world.sandbox.appId ?? '';
  sandbox = world.sandbox.id;
}

async function request(method: string, path: string, body?: unknown, token = TOKEN): Promise<Response> {
  return world.app.request(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
const json = async (answer: Response | Promise<Response>) => (await (await answer).json()) as Json;
const get = (path: string) => json(request('GET', path));
const post = (path: string, body?: unknown) => request('POST', path, body);
const statusOf = async (answer: Promise<Response>) => (await answer).status;
const ids = (page: Json) => page.snapshots.map(({ id }) => id);

/** Does something before every commit of the API, which may keep it from being made. */
function watchCommits(before: (changes: readonly Change[]) => Promise<void>): void {
  const { store } = world.ports;
  const commit = store.commit.bind(store);
  Object.assign(store, {
    commit: async (...changes: readonly Change[]) => {
      await before(changes);
      return commit(...changes);
    },
  });
}

async function stopped(): Promise<void> {
  expect(await statusOf(post(`/v1/sandboxes/${sandbox}/stop`))).toBe(200);
}
const capture = (body: object = {}) =>
  post('/v1/snapshots', { source_sandbox_id: sandbox, name: 'Working', live: true, ...body });
async function captured(body: object = {}): Promise<Json> {
  const answer = await capture(body);
  expect(answer.status).toBe(201);
  return json(answer);
}
const restore = (snapshot: string, of = app) => post(`/v1/apps/${of}/restore`, { snapshot_id: snapshot });
const fork = (snapshot: string, name?: string) =>
  post(`/v1/apps/${app}/fork`, { snapshot_id: snapshot, name });
const currentOf = async (of = app) => (await get(`/v1/apps/${of}`))['current_sandbox_id'];
const eventsOf = async (of = app) =>
  (await get(`/v1/apps/${of}/events`)).events.map(({ type }) => type).toReversed();
const restoreEvents = async () => (await eventsOf()).filter((type) => type.startsWith('snapshot.restore'));

describe('POST /v1/snapshots', () => {
  it('captures a sandbox that is stopped, and says what came of it', async () => {
    await stopped();
    const snapshot = await captured({ live: undefined, name: ' Working ' });
    expect(snapshot).toEqual({
      id: snapshot.id,
      name: 'Working',
      status: 'ready',
      cause: 'manual',
      source_sandbox_id: sandbox,
      source_app_id: app,
      runtime_preset: 'react-vite',
      base_image: CONTENT.baseImage,
      visibility: 'public',
      size_bytes: 4096,
      file_count: 12,
      sha256: CONTENT.sha256,
      warnings: [],
      created_at: '2030-01-02T03:04:05.000Z',
    });
    expect(await get(`/v1/snapshots/${snapshot.id.toLowerCase()}`)).toEqual(snapshot);
    expect(await eventsOf()).toContain('snapshot.captured');
    const [event] = (await get(`/v1/apps/${app}/events`)).events;
    expect(event).toMatchObject({ snapshot_id: snapshot.id, sandbox_id: sandbox, app_id: app });
  });

  it('captures one that runs only when it is told to, and says how', async () => {
    const answer = await capture({ live: undefined });
    expect([answer.status, (await json(answer)).error]).toEqual([
      409,
      { code: 'conflict', message: expect.stringMatching(/Stop it first, or set live/), retryable: false },
    ]);
    expect(ids(await get('/v1/snapshots'))).toEqual([]);
    expect(world.node.snapshots.orders).toEqual([]);
    await captured({ source_sandbox_id: sandbox.toLowerCase() });
    expect(world.node.snapshots.orders).toMatchObject([{ sandboxId: sandbox, live: true }]);
  });

  it('leaves nothing when the node knows better', async () => {
    await stopped();
    world.node.change(sandbox, { state: 'stopped' });
    world.node.snapshots.failure = new SandboxdError('conflict', 'It has just been woken.');
    const answer = await capture({ live: false });
    expect([answer.status, (await json(answer)).error.message]).toEqual([409, 'It has just been woken.']);
    expect(ids(await get('/v1/snapshots'))).toEqual([]);
  });

  it.each([
    [400, 'source_sandbox_id: is required', { source_sandbox_id: undefined }],
    [400, 'source_sandbox_id: must not be empty', { source_sandbox_id: '' }],
    [400, 'name: is required', { name: undefined }],
    [400, 'name: must not be empty', { name: '  ' }],
    [400, 'name: must be at most 200', { name: 'x'.repeat(201) }],
    [400, 'live: must be true or false', { live: 'yes' }],
    [400, 'image: cannot be chosen', { image: 'evil' }],
    [404, 'No such sandbox', { source_sandbox_id: MISSING }],
    [404, 'No such sandbox', { source_sandbox_id: 'no-id' }],
  ])('answers %i with “%s”', async (status, message, body) => {
    const answer = await capture(body);
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
    expect(ids(await get('/v1/snapshots'))).toEqual([]);
  });

  it('refuses one that is still being created, and one whose app is being restored', async () => {
    world.node.reachable = false;
    const waiting = await json(post('/v1/sandboxes', { project: { id: 'p', user_id: 'u' } }));
    world.node.reachable = true;
    const early = await json(capture({ source_sandbox_id: waiting.id }));
    expect(early.error.message).toMatch(/still being created/);
    const snapshot = await captured();
    world.node.reachable = false;
    const next = await json(restore(snapshot.id));
    world.node.reachable = true;
    for (const source of [sandbox, next.id])
      expect((await json(capture({ source_sandbox_id: source }))).error.message).toMatch(/being restored/);
  });

  it('waits for its end as long as a front does, and shows how far it is', async () => {
    world.node.snapshots.isInstant = false;
    const answer = capture();
    await expect.poll(() => world.time.pauses).toEqual([55_000]);
    const [order] = world.node.snapshots.orders;
    const step = { id: order?.id ?? '', step: 'Copying files', files: 7, bytes: 70 };
    world.node.snapshots.steps.set(step.id, step);
    world.advance(55_000);
    const snapshot = await json(answer);
    expect(snapshot).toMatchObject({ status: 'capturing', base_image: '', warnings: [] });
    expect(snapshot['progress']).toEqual({ step: 'Copying files', files: 7, bytes: 70 });
    for (const field of ['size_bytes', 'sha256', 'file_count', 'error_message'])
      expect(snapshot).not.toHaveProperty(field);
    expect((await get(`/v1/apps/${app}/snapshots`)).snapshots).toEqual([snapshot]);
    world.node.reachable = false;
    expect(await get(`/v1/snapshots/${snapshot.id}`)).not.toHaveProperty('progress');
    world.node.reachable = true;
    world.node.snapshots.finish(snapshot.id, { status: 'failed', errorMessage: 'The disk is full.' });
    await world.sync();
    expect(await get(`/v1/snapshots/${snapshot.id}`)).toMatchObject({
      status: 'failed',
      error_message: 'The disk is full.',
    });
    expect(await eventsOf()).toContain('snapshot.capture.failed');
  });

  it('answers with what is when a report takes its time', async () => {
    world.node.sync = async () => {};
    const answer = capture();
    for (let polls = 0; polls < 40; polls += 1) {
      await expect.poll(() => world.time.pauses).toEqual([50]);
      world.advance(50);
    }
    expect(await json(answer)).toMatchObject({ status: 'capturing' });
  });

  it('stands while its node is away', async () => {
    await stopped();
    world.node.reachable = false;
    expect(await captured()).toMatchObject({ status: 'capturing' });
  });

  it('knows what it descends from', async () => {
    const first = await captured();
    const second = await captured();
    expect(first).not.toHaveProperty('parent_snapshot_id');
    expect(second['parent_snapshot_id']).toBe(first.id);
    const { sandbox: made } = await json(fork(first.id));
    expect(await captured({ source_sandbox_id: made.id })).toMatchObject({ parent_snapshot_id: first.id });
  });
});

describe('GET /v1/snapshots', () => {
  it('lists them newest first, page by page, all of them or those of an app', async () => {
    const made: string[] = [];
    for (let index = 0; index < 3; index += 1) made.unshift((await captured()).id);
    const other = await json(post('/v1/sandboxes', { project: { id: 'p', user_id: 'u' } }));
    const elsewhere = await captured({ source_sandbox_id: other.id });
    expect(elsewhere).not.toHaveProperty('source_app_id');
    for (const [path, expected] of [
      ['/v1/snapshots', [elsewhere.id, ...made]],
      [`/v1/apps/${app.toLowerCase()}/snapshots`, made],
    ] as const) {
      const first = await get(`${path}?limit=2`);
      const second = await get(`${path}?limit=2&before=${String(first.next_before)}`);
      expect([...ids(first), ...ids(second)]).toEqual(expected);
      expect(second).not.toHaveProperty('next_before');
    }
  });

  it('keeps the history of an app whose sandbox is gone', async () => {
    const { id } = await captured();
    expect(await statusOf(request('DELETE', `/v1/sandboxes/${sandbox}`))).toBe(204);
    expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([id]);
  });

  it.each([
    [404, 'GET', `/v1/snapshots/${MISSING}`],
    [404, 'GET', '/v1/snapshots/no-id'],
    [404, 'DELETE', `/v1/snapshots/${MISSING}`],
    [404, 'GET', `/v1/apps/${MISSING}/snapshots`],
    [404, 'POST', `/v1/apps/${MISSING}/restore`],
    [404, 'POST', `/v1/apps/${MISSING}/fork`],
    [400, 'GET', '/v1/snapshots?limit=0'],
    [400, 'GET', '/v1/snapshots?before=x'],
  ])('answers %i to %s %s', async (status, method, path) => {
    const body = method === 'POST' ? { snapshot_id: MISSING } : undefined;
    expect(await statusOf(request(method, path, body))).toBe(status);
  });
});

describe('DELETE /v1/snapshots/{id}', () => {
  it('removes row and archive at once, and what was made from it stays', async () => {
    const { id } = await captured();
    const { app: made } = await json(fork(id));
    expect(await statusOf(request('DELETE', `/v1/snapshots/${id}`))).toBe(204);
    expect(await statusOf(request('GET', `/v1/snapshots/${id}`))).toBe(404);
    expect(world.node.snapshots.kept).not.toContain(id);
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([]);
    expect(await get(`/v1/apps/${made.id}`)).toMatchObject({ forked_from_snapshot_id: id });
    const [event] = (await get(`/v1/apps/${app}/events`)).events;
    expect(event).toMatchObject({ type: 'snapshot.deleted', snapshot_id: id, payload: { reason: 'user' } });
    expect(await statusOf(request('DELETE', `/v1/snapshots/${id}`))).toBe(404);
  });

  it('leaves the archive to a sync when the node is away', async () => {
    const { id } = await captured();
    world.node.reachable = false;
    expect(await statusOf(request('DELETE', `/v1/snapshots/${id}`))).toBe(204);
    expect(await statusOf(request('GET', `/v1/snapshots/${id}`))).toBe(404);
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([id]);
  });

  it('waits for the end of its capture', async () => {
    await stopped();
    world.node.reachable = false;
    const { id } = await captured();
    const answer = await request('DELETE', `/v1/snapshots/${id}`);
    expect([answer.status, (await json(answer)).error.code]).toEqual([409, 'conflict']);
    expect((await get(`/v1/snapshots/${id}`))['status']).toBe('capturing');
  });
});

const remove = async (id: string) => {
  const answer = await request('DELETE', `/v1/snapshots/${id}`);
  return [answer.status, answer.status === 204 ? '' : (await json(answer)).error.message];
};

describe('DELETE /v1/snapshots/{id} of one that is needed', () => {
  let snapshot: Json;
  beforeEach(async () => {
    snapshot = await captured({ name: 'Good' });
    world.node.reachable = false;
  });
  const project = { id: 'p', user_id: 'u' };

  it.each<[string, () => Promise<string>]>([
    ['a restore', async () => (await json(restore(snapshot.id))).id],
    ['a fork', async () => (await json(fork(snapshot.id))).sandbox.id],
    [
      'a project',
      async () => (await json(post('/v1/sandboxes', { project, from_snapshot: snapshot.id }))).id,
    ],
  ])('for %s is refused, and says what is in its way', async (_, begin) => {
    const made = await begin();
    expect(await remove(snapshot.id)).toEqual([
      409,
      `A sandbox (${made}) is being made that still needs this snapshot. Wait until it runs, or delete it first.`,
    ]);
    expect(ids(await get('/v1/snapshots'))).toContain(snapshot.id);
    expect(await eventsOf()).not.toContain('snapshot.deleted');
    expect(await statusOf(request('DELETE', `/v1/sandboxes/${made}`))).toBe(204);
    expect(await remove(snapshot.id)).toEqual([204, '']);
  });

  it('as what a restore would be taken back with is refused until that has ended', async () => {
    const made = await json(restore(snapshot.id));
    const [safety = ''] = ids(await get('/v1/snapshots'));
    const end = { kind: 'snapshot.end', nodeId: FAKE_NODE_ID, id: safety, end: READY } as const;
    await world.ports.store.commit(end);
    expect(await remove(safety)).toEqual([409, expect.stringContaining(`(${made.id})`)]);
    world.node.reachable = true;
    for (let turns = 0; turns < 2; turns += 1)
      await world.node.heed(await answerSync(world.ports, FAKE_NODE_ID, world.node.hears()));
    expect(await currentOf()).toBe(made.id);
    expect(await remove(safety)).toEqual([204, '']);
  });
});

describe('POST /v1/apps/{id}/restore', () => {
  let snapshot: Json;
  beforeEach(async () => {
    snapshot = await captured({ name: 'Good' });
  });

  it('makes a fresh sandbox the app’s own, and captures what was there before', async () => {
    await request('PATCH', `/v1/sandboxes/${sandbox}`, { visibility: 'private', idle_policy: 'always_on' });
    const answer = await restore(snapshot.id.toLowerCase());
    const made = await json(answer);
    expect(answer.status).toBe(201);
    expect(made).toMatchObject({
      status: 'running',
      app_id: app,
      from_snapshot_id: snapshot.id,
      visibility: 'private',
      idle_policy: 'always_on',
      runtime_preset: 'react-vite',
    });
    expect(made).not.toHaveProperty('replaces_sandbox_id');
    expect(await currentOf()).toBe(made.id);
    expect(await statusOf(request('GET', `/v1/sandboxes/${sandbox}`))).toBe(404);
    expect(await world.node.observe([sandbox])).toEqual([]);
    const [safety] = (await get(`/v1/apps/${app}/snapshots`)).snapshots;
    expect(safety).toMatchObject({
      name: 'Before restoring “Good”',
      cause: 'safety',
      status: 'ready',
      source_sandbox_id: sandbox,
      parent_snapshot_id: snapshot.id,
      visibility: 'private',
    });
    const { events } = await get(`/v1/apps/${app}/events`);
    expect(events.map(({ type }) => type).slice(0, 6)).toEqual([
      'sandbox.deleted',
      'snapshot.restored',
      'sandbox.started',
      'sandbox.stopped',
      'snapshot.captured',
      'sandbox.create.started',
    ]);
    expect(events[1]).toMatchObject({
      message: 'The app was restored from “Good”.',
      sandbox_id: made.id,
      snapshot_id: snapshot.id,
      payload: { safety_snapshot_id: safety?.id },
    });
    expect(events[3]?.payload).toEqual({ reason: 'restore' });
  });

  it('names its safety snapshot as long as a name may be', async () => {
    const long = await captured({ name: '🚀'.repeat(100) });
    await restore(long.id);
    const [safety] = (await get(`/v1/apps/${app}/snapshots`)).snapshots;
    expect(safety?.['name']).toMatch(/^Before restoring “(🚀)+.?…”$/u);
    expect(String(safety?.['name']).length).toBeLessThanOrEqual(200);
    expect(String(safety?.['name']).isWellFormed()).toBe(true);
  });

  it('can be taken back by its safety snapshot', async () => {
    await restore(snapshot.id);
    const [safety] = (await get(`/v1/apps/${app}/snapshots`)).snapshots;
    expect(await statusOf(restore(safety?.id ?? ''))).toBe(201);
    expect(await restoreEvents()).toEqual(['snapshot.restored', 'snapshot.restored']);
  });

  it('takes a snapshot of any app of the owner', async () => {
    const other = await json(post('/v1/apps', { name: 'Other', runtime_preset: 'worker' }));
    const theirs = await json(post(`/v1/apps/${other.id}/sandbox`));
    const foreign = await captured({ source_sandbox_id: theirs.id });
    expect(await json(restore(foreign.id))).toMatchObject({ app_id: app, runtime_preset: 'worker' });
  });

  it('is a plain creation for an app without a sandbox', async () => {
    await request('DELETE', `/v1/sandboxes/${sandbox}`);
    const made = await json(restore(snapshot.id));
    expect(made).toMatchObject({ status: 'running', from_snapshot_id: snapshot.id });
    expect(await currentOf()).toBe(made.id);
    expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([snapshot.id]);
    const [event] = (await get(`/v1/apps/${app}/events`)).events;
    expect(event).toMatchObject({ type: 'snapshot.restored', sandbox_id: made.id, snapshot_id: snapshot.id });
    expect(event).not.toHaveProperty('payload');
  });

  it.each([
    [400, 'snapshot_id: is required', {}],
    [400, 'snapshot_id: must not be empty', { snapshot_id: '' }],
    [400, 'image: cannot be chosen', { snapshot_id: MISSING, image: 'evil' }],
    [404, 'No such snapshot', { snapshot_id: MISSING }],
    [404, 'No such snapshot', { snapshot_id: 'no-id' }],
  ])('answers %i with “%s”, and so does a fork', async (status, message, body) => {
    for (const action of ['restore', 'fork']) {
      const answer = await post(`/v1/apps/${app}/${action}`, body);
      expect([answer.status, (await json(answer)).error.message]).toEqual([
        status,
        expect.stringContaining(message),
      ]);
    }
    expect(await currentOf()).toBe(sandbox);
  });

  it.each(['capturing', 'failed'] as const)(
    'takes none that is %s, and nothing else does',
    async (status) => {
      const row = aSnapshot({ status, nodeId: FAKE_NODE_ID });
      await world.ports.store.commit({ kind: 'snapshot.insert', snapshot: row });
      const project = { id: 'p', user_id: 'u' };
      for (const [answer, field] of [
        [await restore(row.id), 'snapshot_id'],
        [await fork(row.id), 'snapshot_id'],
        [await post('/v1/sandboxes', { project, from_snapshot: row.id }), 'from_snapshot'],
      ] as const) {
        expect([answer.status, (await json(answer)).error]).toMatchObject([
          400,
          { code: 'invalid_request', message: expect.stringContaining(`${field}: the `) },
        ]);
      }
      expect(await currentOf()).toBe(sandbox);
      expect(await eventsOf()).not.toContain('snapshot.restore.failed');
    },
  );

  it('waits for a task, and no task begins meanwhile', async () => {
    await world.submit();
    const answer = await restore(snapshot.id);
    expect([answer.status, (await json(answer)).error.code]).toEqual([409, 'task_in_progress']);
    expect(await currentOf()).toBe(sandbox);
    expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([snapshot.id]);
  });

  it.each<[string, number, string, (node: TaskWorld['node']) => void]>([
    ['the start', 502, 'It would not start.', (node) => (node.failure = broken('It would not start.'))],
    ['the safety snapshot', 502, 'Full.', (node) => (node.snapshots.end = failed('Full.'))],
    [
      'memory',
      503,
      'Too little memory.',
      (node) => (node.failure = new SandboxdError('sandbox_capacity', 'Too little memory.')),
    ],
  ])('leaves the app as it was when it fails for %s', async (_, status, why, breakIt) => {
    breakIt(world.node);
    const answer = await restore(snapshot.id);
    const { error } = await json(answer);
    expect([answer.status, error.message]).toEqual([
      status,
      `The restore failed: ${why} The app is as it was.`,
    ]);
    expect(await currentOf()).toBe(sandbox);
    expect(await get(`/v1/sandboxes/${sandbox}`)).toMatchObject({ status: 'running' });
    expect(await world.node.observe(world.node.orders.map(({ id }) => id))).toHaveLength(
      world.node.orders.length > 0 ? 1 : 0,
    );
    const { snapshots } = await get(`/v1/apps/${app}/snapshots`);
    expect(snapshots.map((row) => row['status'])).not.toContain('capturing');
    expect(await restoreEvents()).toEqual(['snapshot.restore.failed']);
    expect(await statusOf(post(`/v1/sandboxes/${sandbox}/tasks`, { prompt: 'x' }))).toBe(202);
  });

  it('leaves an app without a sandbox without one when it fails', async () => {
    await request('DELETE', `/v1/sandboxes/${sandbox}`);
    world.node.failure = broken('It would not start.');
    expect(await statusOf(restore(snapshot.id))).toBe(502);
    expect(await currentOf()).toBeUndefined();
    expect(await restoreEvents()).toEqual(['snapshot.restore.failed']);
    expect(await statusOf(post(`/v1/apps/${app}/sandbox`))).toBe(201);
  });

  it('refuses a snapshot that only another node has, and says what helps', async () => {
    const row = aSnapshot({ status: 'ready', content: CONTENT, nodeId: 'another-node' });
    const shared = aSnapshot({ ...row, id: MISSING, content: { ...CONTENT, isShared: true } });
    await world.ports.store.commit(
      { kind: 'snapshot.insert', snapshot: row },
      { kind: 'snapshot.insert', snapshot: shared },
    );
    const answer = await restore(row.id);
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      409,
      expect.stringMatching(/another node \(another-node\).*Delete the sandbox first/),
    ]);
    expect(await statusOf(restore(shared.id))).toBe(201);
  });

  it('lets nothing else begin while it is under way', async () => {
    const held = Promise.withResolvers<void>();
    world.node.hold = held.promise;
    const first = restore(snapshot.id);
    const { sandboxes } = world.ports.store;
    await expect.poll(() => sandboxes.replacing(FAKE_NODE_ID)).toHaveLength(1);
    const again = await restore(snapshot.id);
    expect([again.status, (await json(again)).error]).toMatchObject([
      409,
      { code: 'conflict', message: 'It is being restored already.' },
    ]);
    expect(await statusOf(post(`/v1/sandboxes/${sandbox}/tasks`, { prompt: 'x' }))).toBe(409);
    expect(await statusOf(capture())).toBe(409);
    held.resolve();
    expect(await statusOf(first)).toBe(201);
    expect(await restoreEvents()).toEqual(['snapshot.restored']);
  });

  it('leaves private what is made private in the very moment it begins', async () => {
    let isFirst = true;
    watchCommits(async () => {
      if (!isFirst) return;
      isFirst = false;
      const patched = request('PATCH', `/v1/sandboxes/${sandbox}`, { visibility: 'private' });
      expect(await statusOf(patched)).toBe(200);
    });
    const { id } = await json(restore(snapshot.id));
    expect(await get(`/v1/sandboxes/${id}`)).toMatchObject({ visibility: 'private' });
  });

  it('says why it failed also when the node has told, and tidied up, before it answers', async () => {
    const { node, ports } = world;
    const apply = node.apply.bind(node);
    node.apply = async (order) => {
      node.apply = apply;
      const outcome = await apply(order);
      for (let turns = 0; turns < 3; turns += 1)
        await node.heed(await answerSync(ports, FAKE_NODE_ID, node.hears()));
      return outcome;
    };
    node.failure = broken('It would not start.');
    const answer = await restore(snapshot.id);
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      502,
      'The restore failed: It would not start. The app is as it was.',
    ]);
  });

  it('leaves no archive of what it replaces when it is called off in its midst', async () => {
    const held = Promise.withResolvers<void>();
    world.node.hold = held.promise;
    const restoring = restore(snapshot.id);
    const { sandboxes } = world.ports.store;
    await expect.poll(() => sandboxes.replacing(FAKE_NODE_ID)).toHaveLength(1);
    const [next] = await sandboxes.replacing(FAKE_NODE_ID);
    expect.assert(next !== undefined);
    const calledOff = request('DELETE', `/v1/sandboxes/${next.id}`);
    await expect.poll(() => sandboxes.replacing(FAKE_NODE_ID)).toEqual([]);
    held.resolve();
    expect([await statusOf(calledOff), await statusOf(restoring)]).toEqual([204, 409]);
    for (let turns = 0; turns < 3; turns += 1)
      await world.node.heed(await answerSync(world.ports, FAKE_NODE_ID, world.node.hears()));
    expect([...world.node.snapshots.kept]).toEqual([snapshot.id]);
    expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([snapshot.id]);
    expect(await currentOf()).toBe(sandbox);
  });

  it('leaves one sandbox when it is asked for many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => restore(snapshot.id)));
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    for (const { status } of answers) expect([201, 409]).toContain(status);
    expect(await restoreEvents()).toEqual(done.map(() => 'snapshot.restored'));
    expect(await world.ports.store.sandboxes.replacing(FAKE_NODE_ID)).toEqual([]);
    const live = (await get('/v1/sandboxes'))['sandboxes'] as Json[];
    expect(live.map(({ id }) => id)).toEqual([await currentOf()]);
  });

  it('and a task that is submitted at the same time exclude each other', async () => {
    const [restored, submitted] = await Promise.all([
      restore(snapshot.id),
      post(`/v1/sandboxes/${sandbox}/tasks`, { prompt: 'x' }),
    ]);
    const outcome = [restored.status, submitted.status];
    expect([
      [201, 409],
      [201, 404],
      [409, 202],
    ]).toContainEqual(outcome);
  });

  describe('whose node is away', () => {
    let next: string;
    beforeEach(async () => {
      world.node.reachable = false;
      next = (await json(restore(snapshot.id))).id;
    });

    it('is still to come, and the app is as it was', async () => {
      expect(await get(`/v1/sandboxes/${next}`)).toMatchObject({
        status: 'creating',
        replaces_sandbox_id: sandbox,
      });
      expect(await currentOf()).toBe(sandbox);
      expect(await statusOf(restore(snapshot.id))).toBe(409);
      expect(await statusOf(post(`/v1/sandboxes/${sandbox}/tasks`, { prompt: 'x' }))).toBe(409);
      for (const id of [next, sandbox]) {
        for (const command of ['start', 'stop'])
          expect(await statusOf(post(`/v1/sandboxes/${id}/${command}`))).toBe(409);
        const patch = { visibility: 'private' };
        expect(await statusOf(request('PATCH', `/v1/sandboxes/${id}`, patch))).toBe(409);
      }
    });

    it.each<[string, () => string]>([
      ['the new sandbox', () => next],
      ['the old sandbox', () => sandbox],
    ])('is called off by the deletion of %s', async (_, id) => {
      expect(await statusOf(request('DELETE', `/v1/sandboxes/${id()}`))).toBe(204);
      expect(await currentOf()).toBe(id() === next ? sandbox : undefined);
      expect(await restoreEvents()).toEqual(['snapshot.restore.failed']);
      expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([snapshot.id]);
      const rows = await world.ports.store.sandboxes.ofNode(FAKE_NODE_ID);
      expect(rows.find((row) => row.id === next)).toMatchObject({ desired: 'absent' });
    });

    it('goes with its app', async () => {
      expect(await statusOf(request('DELETE', `/v1/apps/${app}?snapshots=delete`))).toBe(204);
      const rows = await world.ports.store.sandboxes.ofNode(FAKE_NODE_ID);
      expect(rows.map(({ desired }) => desired)).toEqual(['absent', 'absent']);
      expect(ids(await get('/v1/snapshots'))).toEqual([]);
      world.node.reachable = true;
      await world.sync();
      expect(await world.node.observe([sandbox, next])).toMatchObject([{ id: sandbox }]);
    });
  });
});

const broken = (message: string) => new SandboxdError('sandbox_unavailable', message);
const failed = (errorMessage: string) => ({ status: 'failed', errorMessage }) as const;

describe('POST /v1/apps/{id}/fork', () => {
  let snapshot: Json;
  beforeEach(async () => {
    await request('PATCH', `/v1/apps/${app}`, { description: 'Lists', tags: ['a'] });
    snapshot = await captured({ name: 'Good' });
  });
  const apps = async () => ((await get('/v1/apps'))['apps'] as Json[]).map(({ id }) => id);

  it('makes an app of its own', async () => {
    const answer = await fork(snapshot.id);
    const { app: made, sandbox: its } = await json(answer);
    expect(answer.status).toBe(201);
    expect(made).toMatchObject({
      name: 'Todo list (fork)',
      description: 'Lists',
      tags: ['a'],
      runtime_preset: 'react-vite',
      current_sandbox_id: its.id,
      forked_from_app_id: app,
      forked_from_snapshot_id: snapshot.id,
    });
    expect(await get(`/v1/apps/${made.id}`)).toEqual(made);
    expect(its).toMatchObject({ app_id: made.id, status: 'running', from_snapshot_id: snapshot.id });
    expect(await currentOf()).toBe(sandbox);
    expect(await eventsOf(made.id)).toEqual(['app.created', 'sandbox.create.started', 'sandbox.started']);
    const [event] = (await get(`/v1/apps/${app}/events`)).events;
    expect(event).toMatchObject({
      type: 'snapshot.forked',
      snapshot_id: snapshot.id,
      payload: { app_id: made.id },
    });
  });

  it('takes over neither external ids nor what was public of a private one', async () => {
    const other = await json(
      post('/v1/apps', { name: 'x'.repeat(200), external_user_id: 'u', external_project_id: 'p' }),
    );
    const its = await json(post(`/v1/apps/${other.id}/sandbox`));
    await request('PATCH', `/v1/sandboxes/${its.id}`, { visibility: 'private' });
    const { id } = await captured({ source_sandbox_id: its.id });
    const made = await json(post(`/v1/apps/${other.id}/fork`, { snapshot_id: id }));
    expect(made.app['name']).toBe(`${'x'.repeat(192)}… (fork)`);
    for (const field of ['external_user_id', 'external_project_id'])
      expect(made.app).not.toHaveProperty(field);
    expect(made.sandbox['visibility']).toBe('private');
  });

  it('is made also when its event cannot be recorded', async () => {
    watchCommits(async (changes) => {
      if (changes.some((change) => change.kind === 'event' && change.event.type === 'snapshot.forked'))
        throw new SandboxdError('unavailable', 'The database is locked.');
    });
    const answer = await fork(snapshot.id);
    expect(answer.status).toBe(201);
    expect(await apps()).toEqual([(await json(answer)).app.id, app]);
    expect(world.logged).toContainEqual(expect.objectContaining({ message: 'an event was not recorded' }));
  });

  it('takes a name', async () => {
    expect((await json(fork(snapshot.id, ' Mine '))).app['name']).toBe('Mine');
    const answer = await fork(snapshot.id, 'x'.repeat(201));
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      400,
      expect.stringContaining('name: must be at most 200'),
    ]);
  });

  it.each([
    [502, broken('It would not start.')],
    [503, new SandboxdError('sandbox_capacity', 'Too little memory.')],
  ])('is all or nothing: %i', async (status, failure) => {
    world.node.failure = failure;
    const answer = await fork(snapshot.id);
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      status,
      `The fork failed: ${failure.message} Nothing is left of it.`,
    ]);
    expect(await apps()).toEqual([app]);
    expect(await eventsOf()).not.toContain('snapshot.forked');
    const rows = await world.ports.store.sandboxes.ofNode(FAKE_NODE_ID);
    expect(rows.map(({ id }) => id)).toEqual([sandbox]);
  });

  it('stands while its node is away', async () => {
    world.node.reachable = false;
    const answer = await fork(snapshot.id);
    const { app: made, sandbox: its } = await json(answer);
    expect([answer.status, its['status']]).toEqual([201, 'creating']);
    expect(await apps()).toEqual([made.id, app]);
  });

  it('that comes to nothing once its node is back says why, and can be tried again', async () => {
    const { node, ports } = world;
    node.reachable = false;
    const { app: made, sandbox: its } = await json(fork(snapshot.id));
    Object.assign(node, { reachable: true, failure: broken('The archive is damaged.') });
    for (let turns = 0; turns < 2; turns += 1)
      await node.heed(await answerSync(ports, FAKE_NODE_ID, node.hears()));
    expect(await get(`/v1/sandboxes/${its.id}`)).toMatchObject({
      status: 'error',
      error_message: 'The archive is damaged.',
    });
    expect(await eventsOf(made.id)).toContain('sandbox.create.failed');
    expect(await json(post(`/v1/sandboxes/${its.id}/start`))).toMatchObject({ status: 'running' });
    expect(node.orders.at(-1)).toMatchObject({ id: its.id, fromSnapshotId: snapshot.id });
    expect(await currentOf(made.id)).toBe(its.id);
  });
});

describe('POST /v1/sandboxes with from_snapshot', () => {
  const project = { id: 'p', user_id: 'u' };
  const create = (body: object) => post('/v1/sandboxes', { project, ...body });

  it('begins with what the snapshot holds, on its dependencies', async () => {
    const { id } = await captured();
    const made = await json(create({ from_snapshot: id.toLowerCase() }));
    expect(made).toMatchObject({
      from_snapshot_id: id,
      template: 'react-standard',
      runtime_preset: 'react-vite',
    });
    expect(world.node.orders.at(-1)).toMatchObject({ id: made.id, fromSnapshotId: id });
    const again = await create({ from_snapshot: id });
    expect([again.status, (await json(again)).id]).toEqual([200, made.id]);
  });

  it('lets an explicit preset win', async () => {
    const { id } = await captured();
    expect(await json(create({ from_snapshot: id, runtime_preset: 'node-express' }))).toMatchObject({
      template: 'react-standard',
      runtime_preset: 'node-express',
    });
  });

  it('keeps a private snapshot private unless it is told otherwise', async () => {
    await request('PATCH', `/v1/sandboxes/${sandbox}`, { visibility: 'private' });
    const { id } = await captured();
    expect((await json(create({ from_snapshot: id })))['visibility']).toBe('private');
    const open = { project: { ...project, id: 'q' }, from_snapshot: id, visibility: 'public' };
    expect((await json(create(open)))['visibility']).toBe('public');
  });

  it('excludes a template, and names both', async () => {
    const { id } = await captured();
    const answer = await create({ from_snapshot: id, template: 'blank' });
    expect([answer.status, (await json(answer)).error.message]).toEqual([
      400,
      expect.stringMatching(/^template, from_snapshot: /),
    ]);
    expect(await statusOf(create({ from_snapshot: MISSING }))).toBe(404);
  });

  it('goes where the archive is', async () => {
    const { id } = await captured();
    const placed: (string | undefined)[] = [];
    const nodes = {
      ...world.ports.nodes,
      place: async (holder?: string) => {
        placed.push(holder);
        return FAKE_NODE_ID;
      },
    };
    const input = { project, from_snapshot: id };
    await createProjectSandbox({ ...world.ports, nodes }, OWNER, input);
    expect(placed).toEqual([FAKE_NODE_ID]);
  });
});

describe('DELETE /v1/apps/{id}', () => {
  it('keeps the snapshots of an app, unless it is told otherwise', async () => {
    const { id } = await captured();
    expect(await statusOf(request('DELETE', `/v1/apps/${app}`))).toBe(204);
    expect(await get(`/v1/snapshots/${id}`)).toMatchObject({ source_app_id: app });
    await begin();
    await captured();
    await captured();
    expect(await statusOf(request('DELETE', `/v1/apps/${app}?snapshots=keep`))).toBe(400);
    expect(await statusOf(request('DELETE', `/v1/apps/${app}?snapshots=delete`))).toBe(204);
    expect(ids(await get('/v1/snapshots'))).toEqual([]);
    expect(world.node.snapshots.kept.size).toBe(0);
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([]);
  });
});

describe('retention', () => {
  it('keeps the last of each app, and says what it let go of', async () => {
    await begin({ retention: { keepLast: 2 } });
    const made = [await captured(), await captured(), await captured()].map(({ id }) => id);
    expect(ids(await get(`/v1/apps/${app}/snapshots`))).toEqual([made[2], made[1]]);
    const { events } = await get(`/v1/apps/${app}/events`);
    expect(events.filter(({ type }) => type === 'snapshot.deleted')).toMatchObject([
      { snapshot_id: made[0], payload: { reason: 'retention' } },
    ]);
    expect(await world.ports.store.snapshots.discardedOn(FAKE_NODE_ID)).toEqual([made[0]]);
  });

  it('lets go of very many in a few steps', async () => {
    await begin({ retention: { keepLast: 1 } });
    const { store } = world.ports;
    const rows = Array.from({ length: 450 }, () =>
      aSnapshot({ sourceAppId: app, nodeId: FAKE_NODE_ID, status: 'ready', content: CONTENT }),
    );
    await store.commit(...rows.map((row) => ({ kind: 'snapshot.insert', snapshot: row }) as const));
    let commits = 0;
    watchCommits(async (changes) => {
      if (changes.some(({ kind }) => kind === 'snapshot.discard')) commits += 1;
    });
    await captured();
    expect(await store.snapshots.list(OWNER, { appId: app, limit: 9 })).toHaveLength(1);
    expect(await store.snapshots.discardedOn(FAKE_NODE_ID)).toHaveLength(450);
    expect(commits).toBeLessThan(5);
  });

  it('lets a restore finish with the snapshot that its safety snapshot supersedes', async () => {
    await begin({ retention: { keepLast: 1 } });
    const { id } = await captured();
    expect(await statusOf(restore(id))).toBe(201);
    expect(await restoreEvents()).toEqual(['snapshot.restored']);
  });
});

const theirs = (method: string, path: string, body?: unknown) => request(method, path, body, STRANGERS_TOKEN);

describe("another owner's snapshot", () => {
  it('does not exist, wherever it is named', async () => {
    const { id } = await captured({ name: 'Private' });
    const own = await json(theirs('POST', '/v1/apps', { name: 'Mine' }));
    const project = { id: 'p', user_id: 'u' };
    for (const [method, path, body] of [
      ['GET', `/v1/snapshots/${id}`, undefined],
      ['DELETE', `/v1/snapshots/${id}`, undefined],
      ['GET', `/v1/apps/${app}/snapshots`, undefined],
      ['POST', `/v1/apps/${own.id}/restore`, { snapshot_id: id }],
      ['POST', `/v1/apps/${own.id}/fork`, { snapshot_id: id }],
      ['POST', `/v1/apps/${app}/restore`, { snapshot_id: id }],
      ['POST', '/v1/sandboxes', { project, from_snapshot: id }],
      ['POST', '/v1/snapshots', { source_sandbox_id: sandbox, name: 'Stolen', live: true }],
    ] as const) {
      const answer = await theirs(method, path, body);
      const text = await answer.text();
      expect([path, answer.status]).toEqual([path, 404]);
      expect(text).not.toContain('Private');
    }
    expect(ids(await json(theirs('GET', '/v1/snapshots')))).toEqual([]);
    expect(await get(`/v1/snapshots/${id}`)).toMatchObject({ name: 'Private', status: 'ready' });
  });
});
