import { once } from 'node:events';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, keep } from '../../tests/contracts/snapshot-store.contract.ts';
import { S3_KEYS, S3Server } from '../../tests/doubles/s3-server.ts';
import { readBucket } from '../cli/doctor/bucket.ts';
import { type Config, loadConfig } from '../config.ts';
import { ulidSource } from '../domain/ids.ts';
import { snapshotStore } from './snapshots.ts';

const id = ulidSource()();

describe('The configured store of snapshots', () => {
  let scope: AsyncDisposableStack;
  let dataDir: string;
  beforeEach(async () => {
    scope = new AsyncDisposableStack();
    const temporary = await mkdtempDisposable(join(tmpdir(), 'snapshots-'));
    scope.defer(() => temporary.remove());
    dataDir = temporary.path;
  });
  afterEach(() => scope.disposeAsync());

  const configured = (env: Record<string, string> = {}): Config =>
    loadConfig({ SANDBOXD_DATA_DIR: dataDir, ...env });

  const inBucket = (server: S3Server, more: Record<string, string> = {}): Config =>
    configured({
      SANDBOXD_SNAPSHOT_STORE: `s3://${server.bucket}/apps`,
      SANDBOXD_S3_ENDPOINT: server.endpoint,
      SANDBOXD_S3_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
      SANDBOXD_S3_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
      ...more,
    });

  it('is a directory of the data directory', async () => {
    await using snapshots = snapshotStore(configured());
    expect(snapshots.store.isShared).toBe(false);
    await snapshots.store.open();
    await keep(snapshots.store, id, 10);
    expect(await readdir(join(dataDir, 'snapshots'))).toContain(id);
    expect(await readBucket(configured())).toBeUndefined();
  });

  it('is a bucket', async () => {
    const server = scope.use(await S3Server.start());
    await using snapshots = snapshotStore(inBucket(server));
    expect(snapshots.store.isShared).toBe(true);
    await snapshots.store.open();
    const { content } = await keep(snapshots.store, id, 10);
    expect((await bytesOf((await snapshots.store.get(id)).archive)).equals(content)).toBe(true);
    expect(server.requests).toContain(`PUT /${server.bucket}/apps/${id}/archive.tar.zst`);
    expect(await readdir(join(dataDir, 'snapshots'))).not.toContain(id);
    expect(await snapshots.store.list()).toEqual([id]);
  });

  it('is a bucket, and what lay in the directory before', async () => {
    await using before = snapshotStore(configured());
    await before.store.open();
    const { content } = await keep(before.store, id, 10);
    const server = scope.use(await S3Server.start());
    await using snapshots = snapshotStore(inBucket(server));
    await snapshots.store.open();
    expect((await bytesOf((await snapshots.store.get(id)).archive)).equals(content)).toBe(true);
    expect(await snapshots.store.own?.list()).toEqual([id]);
    await snapshots.store.remove(id);
    expect(await before.store.list()).toEqual([]);
  });

  it('is reached through the operator’s proxy', async () => {
    const server = scope.use(await S3Server.start());
    const asked: string[] = [];
    const proxy = createServer((incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      outgoing.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    scope.defer(async () => {
      const closed = once(proxy, 'close');
      proxy.close();
      proxy.closeAllConnections();
      await closed;
    });
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const SANDBOXD_S3_ENDPOINT = 'http://s3.test';
    await using snapshots = snapshotStore(inBucket(server, { HTTP_PROXY, SANDBOXD_S3_ENDPOINT }));
    expect(await snapshots.store.find(id)).toBeUndefined();
    expect(asked).toEqual([`GET http://s3.test/${server.bucket}/apps/${id}/manifest.json`]);
  });

  it('is examined by asking it', async () => {
    const server = scope.use(await S3Server.start());
    expect(await readBucket(inBucket(server))).toEqual({ name: server.bucket, trouble: undefined });
    expect(await readBucket(inBucket(server, { SANDBOXD_SNAPSHOT_STORE: 's3://absent' }))).toEqual({
      name: 'absent',
      trouble: expect.stringContaining('has no such bucket (SANDBOXD_SNAPSHOT_STORE)'),
    });
    expect(
      await readBucket(inBucket(server, { SANDBOXD_S3_SECRET_ACCESS_KEY: 'test-secret-not-real' })),
    ).toMatchObject({ trouble: expect.stringContaining('refused the credentials') });
  });
});
