import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../harness/installation.ts';
import { clearAway, isLayer, onDisk, SnapshotDesk } from '../harness/snapshot-desk.ts';

let site: Installation;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
});
afterAll(() => site[Symbol.asyncDispose]());
afterEach(() => clearAway(site));

const LIMIT_MS = 240_000;
/** Waits for what a killed server takes up again. */
const SETTLED_MS = 120_000;

/** A moment is the one thing here that only a clock can tell. */
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** An app that takes a while to be captured, with something to go back to. */
async function preparedDesk(): Promise<{ desk: SnapshotDesk; first: string }> {
  const desk = await SnapshotDesk.make(site);
  await desk.says('first');
  const first = await desk.capture('first');
  await desk.exec(
    'cd ~/workspace/app && mkdir -p grown && for i in $(seq 200); do head -c 100000 /dev/urandom > grown/$i; done',
  );
  await desk.says('second');
  return { desk, first: first.id };
}

interface Request {
  readonly what: string;
  readonly send: (desk: SnapshotDesk, first: string) => Promise<unknown>;
  readonly mayServe: readonly string[];
  /** Milliseconds after it was sent: from before anything happened to after everything has. */
  readonly moments: readonly number[];
}

const REQUESTS: readonly Request[] = [
  {
    what: 'a live capture',
    send: (desk) => desk.capture('killed'),
    mayServe: ['second'],
    moments: [0, 150, 600],
  },
  {
    what: 'a restore',
    send: (desk, first) => desk.restore(first),
    mayServe: ['first', 'second'],
    moments: [0, 80, 300, 800],
  },
  { what: 'a fork', send: (desk, first) => desk.fork(first), mayServe: ['second'], moments: [30, 300] },
];

/** Each step is walked on fakes, faster; here the kills, the engine and the disk are real. */
const KILLS = REQUESTS.flatMap(({ moments, ...request }) => moments.map((ms) => ({ ...request, ms })));

describe('a server that is killed', () => {
  it.each(KILLS)(
    '$ms ms after $what was asked for leaves everything whole',
    { timeout: LIMIT_MS },
    async ({ send, mayServe, ms }) => {
      const { desk, first } = await preparedDesk();
      const pid = await site.pid();
      const asked = send(desk, first).catch((error: unknown) => error);
      await moment(ms);
      await site.kill(pid);
      await asked;
      await site.up();
      await expect.poll(() => settled(desk), { timeout: SETTLED_MS }).toBe(true);
      expect(mayServe).toContain(await desk.serves());
      await expectWhole(desk);
    },
  );
});

const MEANWHILE: readonly [string, (desk: SnapshotDesk, pid: number) => Promise<unknown>][] = [
  ['the server is killed', (_, pid) => site.kill(pid)],
  ['the server ends', (_, pid) => site.end(pid)],
  ['everything is put to sleep', () => site.command('down')],
  ['a program is run in it', (desk) => desk.exec('true')],
  ['it is stopped', (desk) => desk.stop()],
  ['it is restored', async (desk) => desk.restore((await desk.history()).at(-1)?.id ?? '')],
];

describe('a sandbox that stands still', () => {
  it.each(MEANWHILE)('goes on when %s meanwhile', { timeout: LIMIT_MS }, async (_, happens) => {
    const { desk } = await preparedDesk();
    const pid = await site.pid();
    // Large, and never the same: all of it is copied while the sandbox stands still.
    await desk.exec(`head -c 300M /dev/zero > ~/large
      (setsid bash -c 'while true; do echo x >> ~/large; done' > /dev/null 2>&1 < /dev/null &)`);
    let asked: Promise<unknown> | undefined;
    await site.untilPaused(() => {
      asked = desk.capture('still').catch((error: unknown) => error);
    });
    await happens(desk, pid);
    await asked;
    await site.up();
    await expect.poll(() => settled(desk), { timeout: SETTLED_MS }).toBe(true);
    expect(['first', 'second']).toContain(await desk.serves());
    await expectWhole(desk);
  });
});

describe('a server that was killed again and again', () => {
  it('has left nothing unfinished in the end', { timeout: LIMIT_MS }, async () => {
    await expect.poll(() => unfinished(), { timeout: SETTLED_MS }).toEqual([]);
  });
});

/** Nothing is between two states any more. */
async function settled(desk: SnapshotDesk): Promise<boolean> {
  const { sandboxes } = await site.json<{ sandboxes: { status: string; replaces_sandbox_id?: string }[] }>(
    'GET',
    '/v1/sandboxes',
  );
  const busy = sandboxes.some(
    ({ status, replaces_sandbox_id: replaces }) => status === 'creating' || replaces !== undefined,
  );
  const capturing = (await desk.history()).some(({ status }) => status === 'capturing');
  const { workspaces } = await onDisk(site);
  return !busy && !capturing && workspaces.length === sandboxes.length;
}

async function expectWhole(desk: SnapshotDesk): Promise<void> {
  const history = await desk.history();
  const ready = history.filter(({ status }) => status === 'ready');
  expect((await onDisk(site)).archives).toEqual(ready.map(({ id }) => id).toSorted());
  // Prepared dependencies are laid out anew meanwhile, if a kill has cut that off.
  await expect.poll(async () => (await unfinished()).filter((name) => !isLayer(name))).toEqual([]);
  for (const { id, name } of ready) {
    const fork = await desk.fork(id);
    expect(await fork.serves()).toBe(name === 'first' ? 'first' : 'second');
    await fork.delete();
  }
  expect(await site.paused()).toBe(0);
}

/** What is on its way, or was forgotten there. */
async function unfinished(): Promise<string[]> {
  const places = ['limbo', 'snapshots/.unfinished', 'node/captures'];
  return (await Promise.all(places.map((place) => readdir(join(site.dataDir, place))))).flat();
}
