import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { FAKE_NODE_ID } from '../../../tests/fakes/fake-node.ts';
import { CONTENT } from '../../../tests/fakes/fake-snapshots.ts';
import { aSnapshot, OWNER, STRANGER } from '../../../tests/fakes/rows.ts';
import { signedInVisitor, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApp } from '../../domain/app-commands.ts';
import type { App } from '../../domain/app.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { answerSync } from '../../domain/node-sync.ts';
import { requireApp, requireSandbox } from '../../domain/require.ts';
import { createAppSandbox, deleteSandbox, stopSandbox } from '../../domain/sandbox-commands.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;
const PARTIAL = { 'hx-request': 'true' };

let world: ApiWorld;
let visitor: Visitor;
let app: App;
let path = '';

beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world, OWNER);
  const { ports } = world;
  const { id } = await createApp(ports, OWNER, {
    name: 'Shop',
    description: '',
    tags: [],
    runtime_preset: 'react-vite',
  });
  await createAppSandbox(ports, OWNER, id, {});
  app = await requireApp(ports, OWNER, id);
  path = `/apps/${id}`;
});

const text = async (answer: Promise<Response>) => (await answer).text();
const squeezed = async (answer: Promise<Response>) =>
  (await text(answer)).replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ');
const found = async () => requireApp(world.ports, OWNER, app.id);
const sandboxNow = async () => requireSandbox(world.ports, OWNER, (await found()).currentSandboxId ?? '');
const listed = () => world.ports.store.snapshots.list(OWNER, { appId: app.id, limit: 50 });
const hrefOf = ({ id }: Snapshot) => `${path}/snapshots/${id}`;
const eventTypes = async (appId = app.id) =>
  (await world.ports.store.events.list(OWNER, { appId, limit: 50 })).map(({ type }) => type);

/** Takes one as the form does. */
async function taken(name = 'Before the checkout'): Promise<Snapshot> {
  const answer = await visitor.post(`${path}/snapshots`, { name });
  expect(answer.status).toBe(303);
  await world.node.sync();
  const [snapshot] = await listed();
  if (snapshot === undefined) throw new Error('there is no snapshot');
  return snapshot;
}

/** One that is under way, as far as its node tells. */
async function underWay(): Promise<Snapshot> {
  world.node.snapshots.isInstant = false;
  const snapshot = await taken();
  const { id } = snapshot;
  world.node.snapshots.steps.set(id, { id, step: 'Copying files', files: 1812, bytes: 9_400_000 });
  return snapshot;
}

describe('the snapshots on the page of an app', () => {
  it('are taken by a form that says what it does to an app that runs', async () => {
    const page = await text(visitor.get(path));
    expect(page).toContain(`action="${path}/snapshots"`);
    expect(page).toContain('value="Before my next change"');
    expect(page).toContain('The app stands still for less than a second meanwhile.');
    expect(page).not.toContain('All snapshots');
    const answer = await visitor.post(`${path}/snapshots`, { name: ' Before the checkout ', from: 'app' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    expect(world.node.snapshots.orders).toMatchObject([{ sandboxId: app.currentSandboxId, live: true }]);
    expect(await listed()).toMatchObject([{ name: 'Before the checkout', cause: 'manual' }]);
  });

  it('of one that sleeps let it sleep', async () => {
    await stopSandbox(world.ports, OWNER, (await sandboxNow()).id);
    expect(await text(visitor.get(path))).toContain('The app sleeps on.');
    expect(await taken()).toMatchObject({ status: 'ready' });
    expect(await sandboxNow()).toMatchObject({ status: 'stopped' });
  });

  it('say how far they have come, and the page looks again without scripts too', async () => {
    await underWay();
    const page = await text(visitor.get(path));
    expect(page).toContain('Capturing');
    expect(page).toContain('Copying files · 1,812 files · 9.0\u00A0MiB');
    expect(page).toContain('http-equiv="refresh"');
    expect(page).not.toContain('/restore"');
  });

  it('wait for a node that is away', async () => {
    world.node.reachable = false;
    expect((await taken()).status).toBe('capturing');
    const page = await text(visitor.get(path));
    expect(page).toContain('Waiting for its node');
    expect(page).toContain('Its node is out of reach: it begins when the node is back.');
  });

  it('say what they hold once they are ready, and what can be made of them', async () => {
    world.node.snapshots.end = {
      status: 'ready',
      content: { ...CONTENT, sizeBytes: 14_200_000, fileCount: 1 },
    };
    const snapshot = await taken();
    world.advance(120_000);
    expect(await squeezed(visitor.get(path))).toContain('2 minutes ago · 13.5 MiB · 1 file');
    const page = await text(visitor.get(path));
    expect(page).toContain(`href="${hrefOf(snapshot)}/restore"`);
    expect(page).toContain(`href="${hrefOf(snapshot)}/fork"`);
    expect(page).toContain(`href="${path}/snapshots">All snapshots`);
    expect(page).not.toContain('http-equiv="refresh"');
    expect(page).toMatch(/tone-ok" id="event-[^>]*>\s*<p><bdi>The snapshot is ready/);
  });

  it('say why they failed, and offer nothing that cannot be', async () => {
    world.node.snapshots.end = { status: 'failed', errorMessage: `The disk is full. ${HOSTILE}` };
    await taken(HOSTILE);
    for (const page of [await text(visitor.get(path)), await text(visitor.get(`${path}/snapshots`))]) {
      expect(page).toContain('Failed');
      expect(page).toContain('The disk is full. &quot;&gt;&lt;script&gt;');
      expect(page).not.toContain('/restore"');
      expect(page).not.toContain('<script>alert');
    }
  });

  it.each([
    ['', 'The name must not be empty.'],
    ['n'.repeat(201), 'The name must be at most 200 characters.'],
  ])('need a name: "%.5s…"', async (name, problem) => {
    const answer = await visitor.post(`${path}/snapshots`, { name });
    expect(answer.status).toBe(400);
    const page = await answer.text();
    expect(page).toContain(problem);
    expect(page).toContain(`name="name" type="text" value="${name}"`);
    expect(page).not.toContain('http-equiv="refresh"');
    const history = await visitor.post(`${path}/snapshots`, { name, from: 'history' });
    expect(history.status).toBe(400);
    expect(await history.text()).toMatch(/<h1>Snapshots<\/h1>[^]*must/);
    const partial = await visitor.post(`${path}/snapshots`, { name }, PARTIAL);
    expect([partial.status, partial.headers.get('hx-retarget')]).toEqual([400, '#capture-problem']);
    expect(await listed()).toEqual([]);
  });

  it('that a node refuses are not there, and the page says why', async () => {
    world.node.snapshots.failure = new SandboxdError('unavailable', 'The store of snapshots is full.');
    const answer = await visitor.post(`${path}/snapshots`, { name: 'Now' });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('The store of snapshots is full.');
    expect(world.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a snapshot was not taken' }),
    );
    expect(await listed()).toEqual([]);
  });

  it.each(['none', 'starting'] as const)(
    'cannot be taken while there is nothing to take: %s',
    async (state) => {
      const { id } = await sandboxNow();
      if (state === 'none') await deleteSandbox(world.ports, OWNER, id);
      else world.node.change(id, { state: 'creating' });
      expect(await text(visitor.get(path))).not.toContain('id="capture-form"');
      const answer = await visitor.post(`${path}/snapshots`, { name: 'Now' });
      expect(answer.status).toBe(409);
      expect(await listed()).toEqual([]);
    },
  );
});

describe('the history', () => {
  it('is empty at first', async () => {
    const page = await text(visitor.get(`${path}/snapshots`));
    expect(page).toContain('There is none yet.');
    expect(page).toContain('id="capture-form"');
  });

  it('is where one comes back to who took one there', async () => {
    const answer = await visitor.post(`${path}/snapshots`, { name: 'Now', from: 'history' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path}/snapshots`]);
  });

  it('tells what each descends from, what was left out, and what the app goes on from', async () => {
    const warnings = ['2 devices were left out'];
    world.node.snapshots.end = { status: 'ready', content: { ...CONTENT, warnings } };
    const first = await taken('First');
    await taken('Second');
    await visitor.post(`${hrefOf(first)}/restore`);
    const page = await text(visitor.get(`${path}/snapshots`));
    const names = [...page.matchAll(/class="snapshot-name"><bdi>([^<]*)/g)].map(([, name]) => name);
    expect(names).toEqual(['Before restoring “First”', 'Second', 'First']);
    expect(page).toContain(`From <a href="#snapshot-${first.id}"><bdi>“First”</bdi></a>`);
    expect(page.match(/The app goes on from this one/g)).toHaveLength(1);
    expect(page.match(/Safety copy/g)).toHaveLength(1);
    expect(page.match(/2 devices were left out/g)).toHaveLength(3);
    expect(page).toContain('1 warning<');
  });

  it('says where one comes from that is not there any more, or is another app’s', async () => {
    const far = aSnapshot({ name: 'Far', sourceAppId: (await aNeighbour()).id, createdAt: 1 });
    const known = { sourceAppId: app.id, status: 'ready' as const, content: CONTENT };
    await world.ports.store.commit(
      ...[
        far,
        aSnapshot({ ...known, parentSnapshotId: far.id }),
        aSnapshot({ ...known, parentSnapshotId: app.id }),
      ].map((snapshot) => ({ kind: 'snapshot.insert' as const, snapshot })),
    );
    const page = await squeezed(visitor.get(`${path}/snapshots`));
    expect(page).toContain('From “Far” of another app');
    expect(page).toContain('From a snapshot that was deleted');
  });

  it('comes in pages', async () => {
    for (let n = 1; n <= 21; n += 1) {
      const snapshot = aSnapshot({
        name: `Number ${n}.`,
        sourceAppId: app.id,
        status: 'ready',
        content: CONTENT,
      });
      await world.ports.store.commit({ kind: 'snapshot.insert', snapshot });
    }
    const page = await text(visitor.get(`${path}/snapshots`));
    expect(page).toContain('Number 21.');
    expect(page).not.toContain('Number 1.');
    const older = /rel="next" href="([^"]*)"/.exec(page)?.[1] ?? '';
    const last = await text(visitor.get(older));
    expect(last).toContain('Number 1.');
    expect(last).toContain(`href="${path}/snapshots">Newest`);
    expect(last).not.toContain('rel="next"');
    expect(last).toContain(`hx-get="${older}"`);
  });

  it('outlives the sandbox', async () => {
    const snapshot = await taken();
    await deleteSandbox(world.ports, OWNER, (await sandboxNow()).id);
    for (const where of [path, `${path}/snapshots`]) {
      const page = await text(visitor.get(where));
      expect(page).toContain(`href="${hrefOf(snapshot)}/restore"`);
      expect(page).toContain('The app has no sandbox now');
    }
  });
});

describe('restoring', () => {
  it('says what it will do before it does anything', async () => {
    const snapshot = await taken();
    world.advance(3_600_000);
    const page = await squeezed(visitor.get(`${hrefOf(snapshot)}/restore`));
    expect(page).toContain('Restore “Before the checkout”?');
    expect(page).toContain('(1 hour ago, 4.0 KiB, 12 files)');
    expect(page).toContain(
      'A snapshot of how the app is now is taken first, as a safety copy in the history',
    );
    expect(page).toContain('its processes stop, and start anew with the files of the snapshot');
    expect(page).toContain('its preview gets another address');
    expect(page).toContain('Configuration stays as it is');
    expect((await found()).currentSandboxId).toBe(app.currentSandboxId);
  });

  it('puts another sandbox in the place of the one there is, and leads to the app', async () => {
    const snapshot = await taken();
    const answer = await visitor.post(`${hrefOf(snapshot)}/restore`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    const sandbox = await sandboxNow();
    expect(sandbox).toMatchObject({ fromSnapshotId: snapshot.id, status: 'running' });
    expect(sandbox.id).not.toBe(app.currentSandboxId);
    expect(await listed()).toMatchObject([{ cause: 'safety' }, { cause: 'manual' }]);
    expect(await text(visitor.get(path))).toMatch(/tone-ok" id="event-[^>]*>\s*<p><bdi>The app was restored/);
  });

  it('is promised otherwise where there is nothing to lose', async () => {
    const snapshot = await taken();
    await deleteSandbox(world.ports, OWNER, (await sandboxNow()).id);
    const page = await squeezed(visitor.get(`${hrefOf(snapshot)}/restore`));
    expect(page).toContain('The app has no sandbox now: a new one is made from the snapshot');
    expect(page).not.toContain('is taken first');
    expect((await visitor.post(`${hrefOf(snapshot)}/restore`)).status).toBe(303);
    expect(await sandboxNow()).toMatchObject({ fromSnapshotId: snapshot.id });
    expect(await listed()).toHaveLength(1);
  });

  it('that fails says so where it was asked for, and the app is as it was', async () => {
    const snapshot = await taken();
    world.node.failure = new SandboxdError('sandbox_unavailable', 'The archive is damaged.');
    const answer = await visitor.post(`${hrefOf(snapshot)}/restore`);
    expect(answer.status).toBe(502);
    const page = await answer.text();
    expect(page).toContain('The restore failed: The archive is damaged. The app is as it was.');
    expect(page).toContain(`action="${hrefOf(snapshot)}/restore"`);
    expect((await found()).currentSandboxId).toBe(app.currentSandboxId);
    expect(await eventTypes()).toContain('snapshot.restore.failed');
  });

  it('shows on the page of the app while it is under way', async () => {
    const snapshot = await taken();
    world.node.reachable = false;
    expect((await visitor.post(`${hrefOf(snapshot)}/restore`)).status).toBe(303);
    world.node.reachable = true;
    const page = await text(visitor.get(path));
    expect(page).toMatch(/id="status"[^>]*>\s*<span class="chip chip-busy">.*Restoring/);
    expect(page).toContain('Restoring “Before the checkout”');
    expect(page).toMatch(/step-active"[^]*?Keeping a safety copy/);
    expect(page).toContain('http-equiv="refresh"');
    expect(page).toContain('Once the restore has ended');
    expect(page).not.toMatch(/id="(?:capture-form|stop-form|start-form|preview-url)"/);
    await world.node.heed(await answerSync(world.ports, FAKE_NODE_ID, world.node.hears()));
    await world.node.sync();
    const restored = await text(visitor.get(path));
    expect(restored).not.toContain('Restoring “');
    expect(restored).toContain('id="preview-url"');
  });
});

describe('forking', () => {
  it('says what comes of it, and offers a name', async () => {
    const snapshot = await taken();
    const page = await text(visitor.get(`${hrefOf(snapshot)}/fork`));
    expect(page).toContain('value="Shop (fork)"');
    expect(page).toContain('a sandbox and a preview address of its own');
    expect(page).toContain('Configuration is not copied');
  });

  it('leads to the new app, which says what it was made of', async () => {
    const snapshot = await taken();
    const answer = await visitor.post(`${hrefOf(snapshot)}/fork`, { name: 'Another shop' });
    const there = answer.headers.get('location') ?? '';
    expect([answer.status, there]).toEqual([303, expect.stringMatching(/^\/apps\//)]);
    expect(there).not.toBe(path);
    const page = await text(visitor.get(there));
    expect(page).toContain('<bdi>Another shop</bdi>');
    expect(page).toContain(`<a href="${path}"><bdi>Shop</bdi></a> · <bdi>“Before the checkout”</bdi>`);
    expect(await text(visitor.get(path))).toMatch(/tone-ok" id="event-[^>]*>\s*<p><bdi>App [^<]* was forked/);
    await visitor.post(`${path}/delete`, { snapshots: 'delete' });
    expect(await text(visitor.get(there))).toContain('<bdi>an app that was deleted</bdi></dd>');
  });

  it('needs a name', async () => {
    const snapshot = await taken();
    const answer = await visitor.post(`${hrefOf(snapshot)}/fork`, { name: ' ' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/aria-invalid="true"[^]*The name must not be empty\./);
    expect(await world.ports.store.apps.list(OWNER, { limit: 10 })).toHaveLength(1);
  });

  it('that fails leaves nothing, and keeps the name that was chosen', async () => {
    const snapshot = await taken();
    world.node.failure = new SandboxdError('sandbox_capacity', 'No memory is left.');
    const answer = await visitor.post(`${hrefOf(snapshot)}/fork`, { name: 'Another shop' });
    expect(answer.status).toBe(503);
    const page = await answer.text();
    expect(page).toContain('The fork failed: No memory is left. Nothing is left of it.');
    expect(page).toContain('value="Another shop"');
    expect(await world.ports.store.apps.list(OWNER, { limit: 10 })).toHaveLength(1);
  });
});

describe('deleting', () => {
  it('asks first, and leaves what was made of it', async () => {
    const snapshot = await taken();
    await visitor.post(`${hrefOf(snapshot)}/fork`, { name: 'Another shop' });
    const question = await squeezed(visitor.get(`${hrefOf(snapshot)}/delete`));
    expect(question).toContain('This cannot be undone.');
    expect(question).toContain('those are independent');
    const answer = await visitor.post(`${hrefOf(snapshot)}/delete`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path}/snapshots`]);
    expect(await listed()).toEqual([]);
    expect(await world.ports.store.apps.list(OWNER, { limit: 10 })).toHaveLength(2);
    expect(world.node.snapshots.kept.size).toBe(0);
  });

  it('one that failed takes nothing away', async () => {
    world.node.snapshots.end = { status: 'failed', errorMessage: 'The disk is full.' };
    const snapshot = await taken();
    expect(await squeezed(visitor.get(`${hrefOf(snapshot)}/delete`))).toContain('nothing was kept');
    expect((await visitor.post(`${hrefOf(snapshot)}/delete`)).status).toBe(303);
    expect(await listed()).toEqual([]);
  });

  it('and everything else but looking is refused while it is captured', async () => {
    const snapshot = await underWay();
    for (const action of ['restore', 'fork'])
      expect((await visitor.get(`${hrefOf(snapshot)}/${action}`)).status).toBe(400);
    expect((await visitor.post(`${hrefOf(snapshot)}/restore`)).status).toBe(400);
    for (const answer of [
      await visitor.get(`${hrefOf(snapshot)}/delete`),
      await visitor.post(`${hrefOf(snapshot)}/delete`),
    ]) {
      expect(answer.status).toBe(409);
      const page = await answer.text();
      expect(page).toContain('still being captured');
      expect(page).not.toContain('nothing was kept');
    }
    expect(await listed()).toHaveLength(1);
  });

  it('is refused while something is made of it, and the question says so', async () => {
    const snapshot = await taken();
    world.node.reachable = false;
    await visitor.post(`${hrefOf(snapshot)}/restore`);
    const answer = await visitor.post(`${hrefOf(snapshot)}/delete`);
    expect(answer.status).toBe(409);
    const page = await answer.text();
    expect(page).toMatch(/role="alert"[^]*is being made that still needs this snapshot/);
    expect(page).toContain('Delete snapshot</button>');
    expect((await listed()).map(({ id }) => id)).toContain(snapshot.id);
  });

  it('an app keeps its snapshots unless they are to go too', async () => {
    expect(await text(visitor.get(`${path}/delete`))).not.toContain('snapshot');
    await taken();
    expect(await squeezed(visitor.get(`${path}/delete`))).toContain('Its 1 snapshot is kept');
    await taken();
    const page = await text(visitor.get(`${path}/delete`));
    expect(page).toContain('Its 2 snapshots are kept');
    expect(page).toContain('<input type="checkbox" name="snapshots" value="delete">');
    await visitor.post(`${path}/delete`);
    expect(await listed()).toHaveLength(2);
  });

  it('an app with its snapshots deletes both', async () => {
    await taken();
    expect((await visitor.post(`${path}/delete`, { snapshots: 'delete' })).status).toBe(303);
    expect(await listed()).toEqual([]);
  });
});

/** Another app of the same owner. */
const aNeighbour = () => createApp(world.ports, OWNER, { name: 'Neighbour', description: '', tags: [] });

describe('somebody else', () => {
  const QUESTIONS = ['/restore', '/fork', '/delete'];

  it('finds nothing, can do nothing, and hears no name', async () => {
    const snapshot = await taken();
    const other = await signedInVisitor(world, STRANGER);
    const pages = [`${path}/snapshots`, ...QUESTIONS.map((question) => hrefOf(snapshot) + question)];
    for (const page of pages) {
      const answers = [await other.get(page), await other.post(page, { name: 'Mine' })];
      expect([page, ...answers.map(({ status }) => status)]).toEqual([page, 404, 404]);
      for (const answer of answers) expect(await answer.text()).not.toContain('checkout');
    }
    expect(await listed()).toHaveLength(1);
    expect((await found()).currentSandboxId).toBe(app.currentSandboxId);
  });

  it('cannot reach a snapshot by an app that is theirs, and neither can its owner by another app', async () => {
    const snapshot = await taken();
    const neighbour = await aNeighbour();
    const theirs = await createApp(world.ports, STRANGER, { name: 'Theirs', description: '', tags: [] });
    const other = await signedInVisitor(world, STRANGER);
    for (const question of QUESTIONS) {
      const statuses = await Promise.all([
        other.get(`/apps/${theirs.id}/snapshots/${snapshot.id}${question}`),
        other.post(`/apps/${theirs.id}/snapshots/${snapshot.id}${question}`),
        visitor.get(`/apps/${neighbour.id}/snapshots/${snapshot.id}${question}`),
        visitor.post(`/apps/${neighbour.id}/snapshots/${snapshot.id}${question}`),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    }
  });

  it('cannot make a visitor’s browser do any of it', async () => {
    const snapshot = await taken();
    for (const action of [`${path}/snapshots`, ...QUESTIONS.map((question) => hrefOf(snapshot) + question)]) {
      const answer = await visitor.post(action, { name: 'Forged', csrf_token: 'f'.repeat(64) });
      expect([action, answer.status]).toEqual([action, 403]);
    }
    expect(await listed()).toHaveLength(1);
  });
});
