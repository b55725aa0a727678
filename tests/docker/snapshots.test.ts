import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../harness/installation.ts';
import { zipContents } from '../harness/zips.ts';
import { clearAway, isLayer, onDisk, SnapshotDesk } from '../harness/snapshot-desk.ts';

let site: Installation;
let desk: SnapshotDesk;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
});
afterAll(() => site[Symbol.asyncDispose]());
afterEach(() => clearAway(site));

/** Whether packages lie among the sandbox's own files: with prepared ones below, an install would put them there. */
const hasOwnPackages = async (app: SnapshotDesk): Promise<boolean> =>
  existsSync(
    join(site.dataDir, 'sandboxes', await app.sandboxId(), 'home/workspace/app/node_modules/.modules.yaml'),
  );

describe('an app that runs', () => {
  it('is captured without being stopped, only when that is asked for', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.says('first');
    const refused = await site.api('POST', '/v1/snapshots', {
      body: JSON.stringify({ source_sandbox_id: await desk.sandboxId(), name: 'asleep' }),
    });
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('live')]);
    const snapshot = await desk.capture('awake');
    expect(snapshot).toMatchObject({ status: 'ready', cause: 'manual', name: 'awake', warnings: [] });
    expect(await site.paused()).toBe(0);
    expect((await desk.sandbox()).status).toBe('running');
    expect(await desk.serves()).toBe('first');
    expect(await desk.events()).toContain('snapshot.captured');
    expect((await onDisk(site)).archives).toEqual([snapshot.id]);
  });

  it('is forked with its content, its packages, and nobody to push to', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.says('shared');
    await desk.exec(`cd ~/workspace/app && git init -q && git config user.email me@example.org && git config user.name Me &&
      git remote add origin https://user:fake-password@example.org/app.git && echo 'touch /tmp/hooked' > .git/hooks/post-commit &&
      chmod +x .git/hooks/post-commit && git add -A && git commit -qm first && mkfifo ~/pipe && mkdir -p ~/workspace/app/node_modules/left`);
    const snapshot = await desk.capture('for a friend');
    expect(snapshot.warnings).toEqual([expect.stringContaining('1 named pipe')]);
    const fork = await desk.fork(snapshot.id);
    expect(await fork.serves()).toBe('shared');
    expect(await hasOwnPackages(fork)).toBe(false);
    expect(await site.json('GET', `/v1/apps/${fork.app}`)).toMatchObject({
      name: 'Copied (fork)',
      forked_from_app_id: desk.app,
      forked_from_snapshot_id: snapshot.id,
    });
    expect(await fork.exec('cd ~/workspace/app && git log --format=%s && git status --short')).toBe(
      'first\n',
    );
    expect(
      await fork.exec('cd ~/workspace/app && git remote && ls .git/hooks 2>/dev/null; grep -c . .git/config'),
    ).not.toContain('origin');
    expect(await fork.exec('cat ~/workspace/app/.git/config')).not.toContain('fake-password');
    expect(await fork.exec('find ~ -xdev ! -uid 1000')).toBe('');
    expect(await fork.exec('ls -d ~/workspace/app/node_modules/left 2>&1 || true')).toContain('No such file');
    await fork.says('apart');
    expect(await fork.serves()).toBe('apart');
    expect(await desk.serves()).toBe('shared');
    await site.json('DELETE', `/v1/snapshots/${snapshot.id}`);
    expect(await fork.serves()).toBe('apart');
  });

  it('goes back to what it was, and forth again to what it had become', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.says('good');
    const good = await desk.capture('good');
    await desk.says('risky');
    const before = await desk.sandboxId();
    const restored = await desk.restore(good.id);
    expect(restored.id).not.toBe(before);
    expect(await desk.sandboxId()).toBe(restored.id);
    expect(await desk.serves()).toBe('good');
    expect((await site.api('GET', `/v1/sandboxes/${before}`)).status).toBe(404);
    expect((await onDisk(site)).workspaces).toEqual([restored.id]);
    const [safety, first] = await desk.history();
    expect(safety).toMatchObject({ cause: 'safety', status: 'ready', parent_snapshot_id: good.id });
    expect(first?.id).toBe(good.id);
    await desk.restore(safety?.id ?? '');
    expect(await desk.serves()).toBe('risky');
    expect(await desk.events()).toEqual(expect.arrayContaining(['snapshot.restored', 'snapshot.captured']));
  });
});

describe('an app that sleeps', () => {
  it('is captured asleep, and restored awake', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.says('night');
    await desk.stop();
    const snapshot = await desk.capture('asleep', false);
    expect(snapshot.status).toBe('ready');
    expect((await desk.sandbox()).status).toBe('stopped');
    await desk.write('public/index.html', 'later');
    await desk.restore(snapshot.id);
    expect(await desk.serves()).toBe('night');
  });

  it('outlives its deletion as a snapshot', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.says('kept');
    const snapshot = await desk.capture('kept');
    const other = await SnapshotDesk.make(site, 'Another one');
    await site.json('DELETE', `/v1/apps/${desk.app}`);
    await other.restore(snapshot.id);
    expect(await other.serves()).toBe('kept');
    await site.json('DELETE', `/v1/snapshots/${snapshot.id}`);
    expect((await site.api('GET', `/v1/snapshots/${snapshot.id}`)).status).toBe(404);
  });
});

/** The app as it is exported. */
const download = async (signal?: AbortSignal) =>
  fetch(`http://127.0.0.1:${site.port}/v1/sandboxes/${await desk.sandboxId()}/export`, {
    headers: site.authorization,
    signal,
  });
/** What is copied and still held for somebody. */
const setAside = async () => (await readdir(join(site.dataDir, 'limbo'))).filter((name) => !isLayer(name));

describe('an app that is exported', () => {
  it('is the same running and stopped, without what is generated or leads elsewhere', async () => {
    desk = await SnapshotDesk.make(site, 'My café');
    await desk.says('taken along');
    await desk.exec(
      'cd ~/workspace/app && mkdir -p dist sub && echo x > dist/x && ln -s /etc/passwd out && ln -s ../public sub/in',
    );
    const running = await download();
    expect(running.headers.get('content-disposition')).toContain('filename="My cafe.zip"');
    const contents = zipContents(Buffer.from(await running.arrayBuffer()));
    expect(contents).toMatchObject({ 'public/index.html': 'taken along', 'sub/in': '../public' });
    expect(Object.keys(contents).filter((name) => /node_modules|dist|out|runtimed/.test(name))).toEqual([]);
    expect((await desk.sandbox()).status).toBe('running');
    expect(await site.paused()).toBe(0);
    await desk.stop();
    const stopped = await download();
    expect(zipContents(Buffer.from(await stopped.arrayBuffer()))).toEqual(contents);
    expect((await desk.sandbox()).status).toBe('stopped');
    await expect.poll(setAside).toEqual([]);
  });

  it('leaves nothing behind when who downloads it leaves midway', async () => {
    desk = await SnapshotDesk.make(site);
    await desk.exec('head -c 100M /dev/urandom > ~/workspace/app/large.bin');
    const left = new AbortController();
    const { body } = await download(left.signal);
    expect((await body?.getReader().read())?.done).toBe(false);
    expect(await setAside()).toHaveLength(1);
    left.abort();
    await expect.poll(setAside, { timeout: 10_000 }).toEqual([]);
    expect((await download()).status).toBe(200);
  });
});
