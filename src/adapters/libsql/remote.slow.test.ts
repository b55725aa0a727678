import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../../tests/contracts/store.contract.ts';
import { type HranaServer, startHranaServer } from '../../../tests/doubles/hrana-server.ts';
import { anApp, OWNER } from '../../../tests/fakes/rows.ts';
import { migrateRemoteStore, openRemoteStore, remoteSql } from './remote.ts';
import { sql } from './sql.ts';

const TOKEN = 'a secret token';
const unavailable = expect.objectContaining({ code: 'unavailable', name: 'SandboxdError' });

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let server: HranaServer;
beforeEach(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'store-'));
  server = await startHranaServer({ path: join(directory.path, 'remote.db'), token: TOKEN, lockWaitMs: 100 });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await directory.remove();
});

const options = () => ({ url: server.url, token: TOKEN });

storeContract(async () => {
  await migrateRemoteStore(options());
  return { store: openRemoteStore(options()), async [Symbol.asyncDispose]() {} };
});

describe('A remote database', () => {
  it('costs one request for a read and one for a commit', async () => {
    await migrateRemoteStore(options());
    const before = server.requests();
    const store = openRemoteStore(options());
    await store.commit({ kind: 'app.insert', app: anApp() });
    await store.apps.list(OWNER, { limit: 5 });
    expect(server.requests() - before).toBe(2);
    expect(server.openStreams()).toBe(0);
  });

  it('costs two requests to find that nothing is to be migrated', async () => {
    await migrateRemoteStore(options());
    const before = server.requests();
    await migrateRemoteStore(options());
    expect(server.requests() - before).toBe(2);
  });

  it('keeps no transaction of work that failed', async () => {
    const database = remoteSql(options());
    await database.batch([sql`CREATE TABLE notes (text TEXT)`]);
    const work = database.tx(async (queries) => {
      await queries.batch([sql`INSERT INTO notes VALUES ('half')`]);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    await expect.poll(() => server.openStreams()).toBe(0);
    expect(await database.read(sql`SELECT * FROM notes`)).toEqual([]);
  });

  it('is unavailable while somebody else writes for longer than it waits', async () => {
    await migrateRemoteStore(options());
    const [one, two] = [remoteSql(options()), openRemoteStore(options())];
    await one.tx(async (queries) => {
      await queries.batch([sql`DELETE FROM events`]);
      await expect(two.commit({ kind: 'app.insert', app: anApp() })).rejects.toEqual(unavailable);
    });
    await two.commit({ kind: 'app.insert', app: anApp() });
  });

  it('is unavailable to a wrong token, and does not repeat it', async () => {
    const refusal = openRemoteStore({ url: server.url, token: 'a wrong token' }).ping();
    await expect(refusal).rejects.toEqual(unavailable);
    await expect(refusal).rejects.not.toThrow(/wrong token/);
  });

  it('reports a mistake in the SQL as what it is', async () => {
    const database = remoteSql(options());
    await expect(database.read(sql`SELECT 1 FROM nowhere`)).rejects.toThrow(/no such table/);
    await expect(database.batch([sql`SELECT 1 FROM nowhere`])).rejects.not.toEqual(unavailable);
  });
});

describe('Something else than a database', () => {
  const servers = new Set<ReturnType<typeof createServer>>();
  const listen = async (listener: RequestListener) => {
    const impostor = createServer(listener).listen(0, '127.0.0.1');
    servers.add(impostor);
    await once(impostor, 'listening');
    return `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
  };
  afterEach(() => {
    for (const impostor of servers) impostor.closeAllConnections();
    for (const impostor of servers) impostor.close();
    servers.clear();
  });

  it.each<[string, RequestListener]>([
    [
      'an error page of a proxy',
      (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>'),
    ],
    [
      'a page where JSON should be',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>'),
    ],
    ['JSON that is something else', (_, response) => response.end('{"results":"none"}')],
    [
      'a connection cut off in the answer',
      (_, response) => response.write('{"baton":', () => response.destroy()),
    ],
    ['silence', () => {}],
    ['an answer that never ends', (_, response) => response.write('{"baton":')],
  ])('is unavailable: %s', async (_, listener) => {
    const store = openRemoteStore({ url: await listen(listener), timeoutMs: 200 });
    await expect(store.ping()).rejects.toEqual(unavailable);
    await expect(store.commit({ kind: 'app.insert', app: anApp() })).rejects.toEqual(unavailable);
  });

  it('is unavailable: nobody there', async () => {
    const url = server.url;
    await server[Symbol.asyncDispose]();
    await expect(openRemoteStore({ url }).ping()).rejects.toEqual(unavailable);
    server = await startHranaServer({ path: join(directory.path, 'other.db') });
  });
});
