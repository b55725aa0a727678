import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../../tests/contracts/store.contract.ts';
import { aConfigItem, anApp, anEvent, OWNER } from '../../../tests/fakes/rows.ts';
import { openFileStore } from './file.ts';

const unavailable = (message: RegExp) =>
  expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(message) });

/** What a writing process prints until it ends. */
const idsOf = async (child: ChildProcessByStdio<null, Readable, null>) => {
  const ids: string[] = [];
  const closed = once(child, 'close');
  for await (const line of createInterface(child.stdout)) ids.push(line);
  await closed;
  return ids;
};

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let path: string;
beforeEach(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'store-'));
  path = join(directory.path, 'sandboxd.db');
});
afterEach(() => directory.remove());

storeContract(async () => {
  const store = await openFileStore(path);
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});

describe('Opening a database file', () => {
  it.each([
    ['a path', (name: string) => name],
    ['a file: URL as the configuration makes it', (name: string) => `file:${name}`],
    ['a proper file URL', (name: string) => pathToFileURL(name).href],
  ])('takes %s, whatever characters are in it', async (_, toLocation) => {
    const odd = join(directory.path, 'a b%20c?d#é.db');
    const app = anApp();
    {
      await using store = await openFileStore(toLocation(odd));
      await store.commit({ kind: 'app.insert', app });
    }
    expect(await readdir(directory.path)).toContain('a b%20c?d#é.db');
    await using again = await openFileStore(toLocation(odd));
    expect(await again.apps.find(OWNER, app.id)).toEqual(app);
  });

  it('keeps it from other users of the machine', async () => {
    await using store = await openFileStore(path);
    await store.commit({ kind: 'app.insert', app: anApp() });
    const names = await readdir(directory.path);
    expect(names).toContain('sandboxd.db-wal');
    for (const name of names) expect((await stat(join(directory.path, name))).mode & 0o077).toBe(0);
  });

  it('says so when its directory is missing, without naming it', async () => {
    const opening = openFileStore(join(directory.path, 'missing', 'sandboxd.db'));
    await expect(opening).rejects.toEqual(
      unavailable(/^((?!missing).)*directory must exist((?!missing).)*$/),
    );
  });

  it('says so when it is no database', async () => {
    await writeFile(
      path,
      'This is a letter, and a long one, so that nobody takes it for an empty database. '.repeat(9),
    );
    await expect(openFileStore(path)).rejects.toThrow(/not a database/);
  });
});

describe('A closed store', () => {
  it('has everything in its one file, and answers unavailable from then on', async () => {
    const app = anApp();
    const store = await openFileStore(path);
    await store.commit({ kind: 'app.insert', app });
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    expect((await stat(`${path}-wal`)).size).toBe(0);
    expect((await readFile(path)).includes(app.id)).toBe(true);
    await expect(store.apps.find(OWNER, app.id)).rejects.toEqual(unavailable(/closed/));
    await expect(store.commit({ kind: 'event', event: anEvent() })).rejects.toEqual(unavailable(/closed/));
  });

  it('has finished the writes that were under way', async () => {
    const events = Array.from({ length: 50 }, () => anEvent());
    const store = await openFileStore(path);
    const writes = events.map((event) => store.commit({ kind: 'event', event }));
    await store[Symbol.asyncDispose]();
    await Promise.all(writes);
    await using again = await openFileStore(path);
    expect(await again.events.list(OWNER, { limit: 100 })).toHaveLength(50);
  });
});

describe('What was deleted or replaced', () => {
  it('is not in the file any more', async () => {
    const app = anApp();
    // Of its own pages, and of one that it shares with others.
    const [large, small] = ['large-not-real'.repeat(2000), 'small-not-real'];
    {
      await using store = await openFileStore(path);
      const item = aConfigItem({ appId: app.id, sealed: large });
      const other = { ...item, key: 'OTHER', sealed: small };
      await store.commit({ kind: 'app.insert', app });
      for (const one of [item, other]) await store.commit({ kind: 'config.insert', item: one });
      await store.commit({ kind: 'config.update', item: { ...item, sealed: 'new' }, was: item });
      await store.commit({ kind: 'config.delete', ...other });
    }
    const file = await readFile(path, 'latin1');
    expect(file).toContain(app.id);
    for (const gone of ['large-not-real', 'small-not-real']) expect(file).not.toContain(gone);
  });
});

describe('While another process holds the write lock', () => {
  let holder: Database.Database;
  beforeEach(async () => {
    await (await openFileStore(path))[Symbol.asyncDispose]();
    holder = new Database(path);
    holder.exec('BEGIN IMMEDIATE');
  });
  afterEach(() => holder.close());

  it('reads go on', async () => {
    await using store = await openFileStore(path);
    expect(await store.apps.list(OWNER, { limit: 1 })).toEqual([]);
  });

  it('a write waits for it without freezing the process', async () => {
    await using store = await openFileStore(path);
    const app = anApp();
    const commit = store.commit({ kind: 'app.insert', app });
    await nextTurn();
    holder.exec('COMMIT');
    await commit;
    expect(await store.apps.find(OWNER, app.id)).toEqual(app);
  });

  it('writes in a queue give up together, not one after the other', async () => {
    const lockWaitMs = 1000;
    await using store = await openFileStore(path, { lockWaitMs });
    const began = performance.now();
    const commits = Array.from({ length: 20 }, () => store.commit({ kind: 'event', event: anEvent() }));
    const outcomes = await Promise.allSettled(commits);
    expect(outcomes.map(({ status }) => status)).toEqual(commits.map(() => 'rejected'));
    expect(performance.now() - began).toBeLessThan((lockWaitMs * commits.length) / 2);
  });

  it('a write gives up in the end, and leaves nothing behind that spoils the next one', async () => {
    await using store = await openFileStore(path, { lockWaitMs: 100 });
    for (let round = 0; round < 3; round += 1) {
      const commit = store.commit({ kind: 'event', event: anEvent() });
      await expect(commit).rejects.toEqual(unavailable(/locked/));
    }
    holder.exec("INSERT INTO nodes (id, acknowledged) VALUES ('node-1', 7)");
    holder.exec('COMMIT');
    const event = anEvent();
    await store.commit({ kind: 'event', event });
    expect(await store.events.list(OWNER, { limit: 9 })).toEqual([event]);
    expect(await store.nodes.acknowledged('node-1')).toBe(7);
  });
});

describe('Several processes', () => {
  const SCRIPT = join(import.meta.dirname, '../../../tests/doubles/store-writer.ts');
  const children: ChildProcessByStdio<null, Readable, null>[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  const startWriter = (count: number) => {
    const child = spawn(process.execPath, [SCRIPT, path, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  };
  it('may create, migrate and write one file at the same time', async () => {
    const written = await Promise.all([idsOf(startWriter(40)), idsOf(startWriter(40))]);
    expect(children.map((child) => child.exitCode)).toEqual([0, 0]);
    await using store = await openFileStore(path);
    const found = await store.events.list(OWNER, { limit: 100 });
    expect(found.map((event) => event.id).toSorted()).toEqual(written.flat().toSorted());
    expect(found).toHaveLength(80);
  });

  it('lose nothing that was committed when one is killed', async () => {
    const child = startWriter(Infinity);
    const reading = idsOf(child);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const committed = await reading;
    expect(committed.length).toBeGreaterThan(0);
    await using store = await openFileStore(path);
    const found = await store.events.list(OWNER, { limit: 100_000 });
    expect(found.map((event) => event.id)).toEqual(expect.arrayContaining(committed));
    const [row] = new Database(path).prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    expect(row?.integrity_check).toBe('ok');
  });
});
