import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileKeyRing } from '../../src/adapters/crypto/key-ring.ts';
import { openFileStore } from '../../src/adapters/libsql/file.ts';
import { credentialContext } from '../../src/domain/credential.ts';
import { DEFAULT_OWNER } from '../../src/domain/identity.ts';
import { Installation } from '../harness/installation.ts';
import { SnapshotDesk } from '../harness/snapshot-desk.ts';

const PASSPHRASE = 'a-fake-passphrase-of-tests';
const KEY = 'sk-fake-0123456789-only-for-tests';

let site: Installation;
let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-backup-'));
  file = join(directory, 'backup.tar');
  site = await Installation.make({ SANDBOXD_BACKUP_PASSPHRASE: PASSPHRASE });
  await site.up();
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** What the server reads when it needs a provider's key. */
async function storedKey(): Promise<string | undefined> {
  await using store = await openFileStore(join(site.dataDir, 'sandboxd.db'));
  const credential = await store.credentials.find(DEFAULT_OWNER, 'anthropic');
  const vault = (await FileKeyRing.open(join(site.dataDir, 'keys', 'secrets'), [])).box;
  return credential && (await vault.open(credential.sealed, credentialContext(DEFAULT_OWNER, 'anthropic')));
}

const statusOf = async (desk: SnapshotDesk): Promise<string> => (await desk.sandbox()).status;

describe('A backup of an installation that runs', () => {
  it('is restored as the same installation, asleep, down to keys, tokens and snapshots', async () => {
    const running = await SnapshotDesk.make(site, 'Running');
    const asleep = await SnapshotDesk.make(site, 'Asleep');
    await running.says('as it was captured');
    const snapshot = await running.capture('Before');
    expect(snapshot).toMatchObject({ status: 'ready' });
    await running.says('as it ran');
    await running.exec('cd ~/workspace/app && ln -s public/index.html link && echo kept > .hidden');
    await asleep.says('as it slept');
    await asleep.stop();
    await site.json('POST', '/v1/agents/anthropic/api-key', { api_key: KEY });
    const containers = await site.inEngine();

    const summary = JSON.parse(await site.command('backup', file, '--json')) as object;
    expect(summary).toMatchObject({ workspaces: 2, snapshots: 1, keys: 'included', leftOut: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['backup.tar']);
    expect(await site.inEngine()).toEqual(containers);
    expect(await running.serves()).toBe('as it ran');
    await running.says('as it went on');

    await expect(site.command('restore', file)).rejects.toThrow('in use by a server');
    await site.command('down');
    await expect(site.command('restore', file)).rejects.toThrow('is not empty');
    await rm(site.dataDir, { recursive: true });
    await site.command('restore', file);
    await site.up();

    expect([await statusOf(running), await statusOf(asleep)]).toEqual(['stopped', 'stopped']);
    expect(await running.serves()).toBe('as it ran');
    expect(await running.exec('cd ~/workspace/app && cat .hidden && readlink link')).toBe(
      'kept\npublic/index.html\n',
    );
    expect(await asleep.serves()).toBe('as it slept');
    expect(await storedKey()).toBe(KEY);
    expect(await (await running.fork(snapshot.id)).serves()).toBe('as it was captured');
  }, 280_000);

  it('leaves nothing behind, and nothing that gc would remove', async () => {
    const { items, failures } = JSON.parse(await site.command('gc', '--dry-run', '--json')) as {
      items: { kind: string }[];
      failures: unknown[];
    };
    expect(failures).toEqual([]);
    expect(items.filter(({ kind }) => kind !== 'image')).toEqual([]);
    expect(await readdir(directory)).toEqual(['backup.tar']);
  });

  it('is not made where no server runs', async () => {
    await site.command('down');
    const none = site.command('backup', join(directory, 'none.tar'));
    await expect(none).rejects.toThrow(/no server is running here.*a copy of .* is a backup/s);
    expect(await readdir(directory)).toEqual(['backup.tar']);
  });
});
