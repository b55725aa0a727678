import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keep } from '../../tests/contracts/snapshot-store.contract.ts';
import { BackupSite, PASSPHRASE } from '../../tests/fakes/backup-site.ts';
import { MemorySnapshots } from '../../tests/fakes/memory-snapshots.ts';
import { newId } from '../../tests/fakes/rows.ts';
import { openFileStore } from '../adapters/libsql/file.ts';
import { WithEarlier } from '../adapters/snapshots/with-earlier.ts';
import { Outbox } from '../agent/outbox.ts';
import { SandboxdError } from '../domain/errors.ts';
import { MEMBERS } from './format.ts';
import { openKeys } from './keys.ts';
import { BackupFile } from './reader.ts';
import { restoreBackup, type RestoreOptions } from './restore.ts';
import { writeBackup } from './writer.ts';

const run = promisify(execFile);

let site: BackupSite;
beforeEach(async () => {
  site = await BackupSite.make();
});
afterEach(() => site[Symbol.asyncDispose]());

async function restore(options: Partial<RestoreOptions> = {}): Promise<void> {
  await using file = await BackupFile.open(site.file);
  await restoreBackup(file, site.restoring(options));
}

const namesOf = async () => (await run('tar', ['-tf', site.file])).stdout.trim().split('\n');

describe('a backup', () => {
  it('is an ordinary tar that begins with what it is and ends with its checksums', async () => {
    const { id } = await site.addSandbox();
    const snapshot = await site.addSnapshot();
    await site.write('node/outbox/acknowledged.json', '{"seq":3,"keys":[]}');
    await site.backUp({ hasKeys: true });
    expect(await namesOf()).toEqual([
      'backup.json',
      'keys.jwe',
      'database.sqlite.zst',
      `node/sandboxes/${id}.json`,
      'node/outbox/acknowledged.json',
      `workspaces/${id}.json`,
      `workspaces/${id}.tar.zst`,
      `snapshots/${snapshot}/manifest.json`,
      `snapshots/${snapshot}/archive.tar.zst`,
      'checksums.json',
    ]);
    const { stdout } = await run('tar', ['-xOf', site.file, `workspaces/${id}.tar.zst`]);
    expect(stdout).toBe(`files of ${id}`);
  });

  it('tells nobody its keys without the passphrase', async () => {
    await site.backUp({ hasKeys: true });
    const bytes = await readFile(site.file, 'latin1');
    expect(bytes).not.toContain('test-key-not-real');
    expect(bytes).not.toContain(PASSPHRASE);
    await using file = await BackupFile.open(site.file);
    const sealed = (await file.read(MEMBERS.keys)).toString();
    expect(await openKeys(sealed, PASSPHRASE)).toEqual({
      instance: 'fake0001',
      'node/id': site.nodeId,
      'keys/api.jwk': '{"fake":"api"}',
      'keys/secrets': 'test-key-not-real',
    });
  });

  it('leaves out keys, a remote database and a shared store, and says so', async () => {
    await site.addSnapshot();
    site.snapshots.isShared = true;
    await site.backUp({ sources: { ...site.sources, database: { kind: 'remote' } } });
    expect(await namesOf()).toEqual(['backup.json', 'checksums.json']);
    await using file = await BackupFile.open(site.file);
    expect(file.header).toMatchObject({
      database: { kind: 'remote' },
      snapshots: 'shared',
      keys: 'left-out',
    });
  });

  it('has what is on the disk of the node also when snapshots are shared now', async () => {
    const id = await site.addSnapshot();
    const shared = new MemorySnapshots({ isShared: true });
    const snapshots = new WithEarlier(shared, site.snapshots);
    await keep(snapshots, newId(), 10);
    await site.backUp({ sources: { ...site.sources, snapshots } });
    await using file = await BackupFile.open(site.file);
    expect(file.snapshotIds).toEqual([id]);
    expect(file.header).toMatchObject({ snapshots: 'shared' });
  });

  it('goes on without what cannot be read, tells of it, and passes over what is gone', async () => {
    const [one, broken, gone] = [await site.addSandbox(), await site.addSandbox(), await site.addSandbox()];
    site.broken.set(broken.id, new SandboxdError('payload_too_large', 'It is too large.'));
    site.broken.set(gone.id, new SandboxdError('not_found', 'No such workspace.'));
    await site.backUp();
    await using file = await BackupFile.open(site.file);
    expect(file.workspaceIds).toEqual([one.id]);
    expect(file.leftOut).toEqual([{ what: 'workspace', id: broken.id, reason: 'It is too large.' }]);
  });

  it('that cannot be finished says why, and is none', async () => {
    const failure = new SandboxdError('unavailable', 'The disk is full.');
    const database = { kind: 'file', copy: () => Promise.reject(failure) } as const;
    await site.backUp({ sources: { ...site.sources, database } });
    await expect(BackupFile.open(site.file)).rejects.toThrow(
      'could not be finished when it was made: The disk is full.',
    );
  });

  it('can be read on after a member was left early', async () => {
    await site.write('node/tasks/LARGE.json', 'x'.repeat(3 * 2 ** 20));
    await site.backUp();
    await using file = await BackupFile.open(site.file);
    for await (const chunk of file.stream('node/tasks/LARGE.json')) {
      expect(chunk).toHaveLength(2 ** 20);
      break;
    }
    expect(await file.read('node/tasks/LARGE.json')).toHaveLength(3 * 2 ** 20);
  });

  it('leaves nothing in the data directory, also when its reader leaves', async () => {
    await site.addSandbox();
    const giveUp = new AbortController();
    const bytes = writeBackup(site.sources, { keys: undefined, signal: giveUp.signal });
    await bytes.next();
    expect(await readdir(join(site.dataDir, 'spool'))).toHaveLength(1);
    giveUp.abort();
    await bytes.return();
    expect(await readdir(join(site.dataDir, 'spool'))).toEqual([]);
  });

  it('has records that know of everything its database does', async () => {
    const outbox = await Outbox.open(join(site.dataDir, 'node', 'outbox'));
    const report = { at: 1, sandboxId: site.nodeId, type: 'sandbox.started', severity: 'info' } as const;
    await outbox.add('one', { ...report, message: 'one' });
    site.afterDatabase = async () => {
      await outbox.add('two', { ...report, message: 'two' });
      await outbox.acknowledge(2);
    };
    await site.backUp();
    await restore();
    const restored = await Outbox.open(join(site.target, 'node', 'outbox'));
    await restored.add('three', { ...report, message: 'three' });
    expect(restored.pending().map(({ seq }) => seq)).toEqual([3]);
  });
});

describe('what is restored', () => {
  it('is the database, the workspaces, the snapshots and the keys of the moment', async () => {
    const sandbox = await site.addSandbox();
    const id = await site.addSnapshot();
    await site.backUp({ hasKeys: true });
    const snapshots = new MemorySnapshots();
    await using file = await BackupFile.open(site.file);
    const keys = await openKeys((await file.read(MEMBERS.keys)).toString(), PASSPHRASE);
    await restore({ keys, snapshotsIn: () => snapshots });

    await using store = await openFileStore(join(site.target, 'sandboxd.db'));
    expect(await store.sandboxes.find(sandbox.owner, sandbox.id)).toMatchObject({ generation: 1 });
    expect(await site.restored(`sandboxes/${sandbox.id}`)).toBe(`files of ${sandbox.id}`);
    expect(await snapshots.list()).toEqual([id]);
    const [made, given] = [await snapshots.get(id), await site.snapshots.get(id)];
    expect(made.manifest).toEqual(given.manifest);
    expect(await buffer(made.archive)).toEqual(await buffer(given.archive));
    expect(await site.restored('keys/secrets')).toBe('test-key-not-real');
    for (const path of ['.', 'keys', 'keys/secrets', 'sandboxd.db', 'node/id'])
      expect((await stat(join(site.target, path))).mode & 0o077).toBe(0);
  });

  it('without keys is the same installation all the same', async () => {
    await site.backUp();
    await restore();
    expect(await site.restored('instance')).toBe('fake0001');
    expect(await site.restored('node/id')).toBe(site.nodeId);
    expect(await readdir(site.target)).not.toContain('keys');
  });

  it('as a copy has another name in the engine, and is the same otherwise', async () => {
    await site.backUp({ hasKeys: true });
    await using file = await BackupFile.open(site.file);
    const keys = await openKeys((await file.read(MEMBERS.keys)).toString(), PASSPHRASE);
    await restore({ keys, instanceId: 'fake0002' });
    expect(await site.restored('instance')).toBe('fake0002');
    expect(await site.restored('node/id')).toBe(site.nodeId);
    expect(await site.restored('keys/secrets')).toBe('test-key-not-real');
  });

  it('as a copy without keys has another name in the engine as well', async () => {
    await site.backUp();
    await restore({ instanceId: 'fake0002' });
    expect(await site.restored('instance')).toBe('fake0002');
    expect(await site.restored('node/id')).toBe(site.nodeId);
  });

  it('is asleep, with its orders carried out as far as the database knows', async () => {
    const sandbox = await site.addSandbox({ generation: 4, revision: 6 });
    await site.record(
      { ...sandbox, generation: 5, revision: 7 },
      { state: 'running', applied: 5, operation: { id: '1', kind: 'stop', reason: 'user', fulfils: 5 } },
    );
    await site.backUp();
    await restore();
    const record: unknown = JSON.parse(await site.restored(`node/sandboxes/${sandbox.id}.json`));
    expect(record).toMatchObject({
      state: 'stopped',
      applied: 4,
      order: { generation: 4, revision: 6, desired: 'running' },
    });
    expect(record).not.toHaveProperty('operation');
    // So that it is not started as if there were none.
    const config: unknown = JSON.parse(await site.restored(`node/configs/${sandbox.id}.json`));
    expect(config).toEqual({ id: sandbox.id, revision: 0, sealed: '' });
  });

  it('forgets what had not begun: it is ordered again', async () => {
    const sandbox = await site.addSandbox();
    await site.record(sandbox, { state: 'new' });
    await site.write('node/tasks/BEGUN.json', '{"id":"BEGUN","isBegun":true}');
    await site.write('node/tasks/FRESH.json', '{"id":"FRESH","isBegun":false}');
    await site.backUp();
    await restore();
    expect(await readdir(join(site.target, 'node'), { recursive: true })).toEqual(
      expect.arrayContaining(['tasks/BEGUN.json']),
    );
    await expect(site.restored(`node/sandboxes/${sandbox.id}.json`)).rejects.toThrow('ENOENT');
    await expect(site.restored('node/tasks/FRESH.json')).rejects.toThrow('ENOENT');
  });
});
