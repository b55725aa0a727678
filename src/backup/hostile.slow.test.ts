import { createHash } from 'node:crypto';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { zstdCompressSync } from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupSite, PASSPHRASE } from '../../tests/fakes/backup-site.ts';
import { paddingOf } from '../archive/tar-header.ts';
import { SandboxdError } from '../domain/errors.ts';
import { MEMBERS } from './format.ts';
import { openKeys, sealKeys } from './keys.ts';
import { BackupFile } from './reader.ts';
import { restoreBackup, type RestoreOptions } from './restore.ts';
import { encodeEntry, END } from './tar.ts';

const ID = '01JFAKE0000000000000000000';
const IMAGE = `sha256:${'a'.repeat(64)}`;

const HEADER = {
  format: 'sandboxd-backup',
  version: 1,
  sandboxd: '0.0.0-test',
  instanceId: 'fake0001',
  nodeId: ID,
  createdAt: 1,
  database: { kind: 'remote' },
  snapshots: 'included',
  keys: 'left-out',
  secretsKey: 'kept',
};

let site: BackupSite;
beforeEach(async () => {
  site = await BackupSite.make();
});
afterEach(() => site[Symbol.asyncDispose]());

type Members = readonly (readonly [name: string, content: string | Buffer])[];

const json = (content: unknown): string => JSON.stringify(content);
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** A tar of whatever somebody likes, with the checksums that belong to it. */
async function forge(members: Members, { end = END, checksums = checksumsOf(members) } = {}): Promise<void> {
  const all = [...members, ...(checksums === '' ? [] : [['checksums.json', checksums] as const])];
  const parts = all.flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    const size = bytes.byteLength;
    return [encodeEntry({ name, size }, 0), bytes, Buffer.alloc(paddingOf(size))];
  });
  await writeFile(site.file, Buffer.concat([...parts, end]));
}

function checksumsOf(members: Members): string {
  const entries = members.map(([name, content]) => [
    name,
    { size: Buffer.from(content).byteLength, sha256: sha256(content) },
  ]);
  return json({ members: Object.fromEntries(entries) as unknown, leftOut: [] });
}

async function restore(options: Partial<RestoreOptions> = {}): Promise<void> {
  await using file = await BackupFile.open(site.file);
  await restoreBackup(file, site.restoring(options));
}

/** What people are told. @throws when it was not refused, or not as what it is, or left a trace */
async function refusal(): Promise<string> {
  const error = await restore().then(
    () => new Error('It was restored.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SandboxdError)) throw error;
  const left = (await readdir(site.root)).filter((name) => !['backup.tar', 'data'].includes(name));
  if (left.length > 0) throw new Error(`It left ${left.join()}.`);
  return error.message;
}

describe('A backup is refused as a whole', () => {
  const header = [MEMBERS.header, json(HEADER)] as const;

  it.each([
    '../escape',
    '/etc/passwd',
    'node/../../escape.json',
    'node/sandboxes/../x.json',
    'workspaces/../x.json',
    `workspaces/${ID.toLowerCase()}.json`,
    'workspaces/ID.tar.zst',
    'snapshots/x/manifest.json',
    'keys/secrets',
    'sandboxd.db',
    'node/id',
    'node/sandboxes/a/b.json',
    '',
  ])('for a member called "%s"', async (name) => {
    await forge([header, [name, 'x']]);
    expect(await refusal()).toMatch('nothing is called');
  });

  it('for two members of one name', async () => {
    await forge([header, ['node/tasks/A.json', '1'], ['node/tasks/A.json', '2']]);
    expect(await refusal()).toMatch('it has two node/tasks/A.json');
  });

  it('when it does not begin with what it is', async () => {
    await forge([['node/tasks/A.json', '1'], header]);
    expect(await refusal()).toMatch('does not begin as one');
  });

  it('of a newer format, naming what made it', async () => {
    const newer = json({ ...HEADER, version: 2, sandboxd: '9.8.7', database: { kind: 'crystal' } });
    await forge([[MEMBERS.header, newer]]);
    expect(await refusal()).toMatch(/format 2, made by sandboxd 9\.8\.7/);
  });

  it.each([
    ['no JSON', '{'],
    ['something else', '{}'],
    ['null', 'null'],
    ['an instance that is a path', json({ ...HEADER, instanceId: '../x' })],
  ])('when its backup.json is %s', async (_what, content) => {
    await forge([[MEMBERS.header, content]]);
    expect(await refusal()).toMatch('backup.json');
  });

  it('for a checksum that is another one, a member too many, and one too few', async () => {
    const member = ['node/tasks/A.json', '{}'] as const;
    await forge([header, member], { checksums: checksumsOf([header, ['node/tasks/A.json', '{ }']]) });
    expect(await refusal()).toMatch('damaged: its node/tasks/A.json');
    await forge([header, member], { checksums: checksumsOf([header]) });
    expect(await refusal()).toMatch('damaged: its node/tasks/A.json');
    await forge([header], { checksums: checksumsOf([header, member]) });
    expect(await refusal()).toMatch('damaged: its node/tasks/A.json');
  });

  it('without checksums', async () => {
    await forge([header], { checksums: '' });
    expect(await refusal()).toMatch('cut off');
  });

  it('when something follows its checksums, or its end', async () => {
    const late = [header, [MEMBERS.checksums, checksumsOf([header])], ['node/tasks/A.json', '1']] as const;
    await forge(late, { checksums: '' });
    expect(await refusal()).toMatch('something follows its checksums');
    await forge([header], { end: Buffer.concat([END, Buffer.from('more')]) });
    expect(await refusal()).toMatch('after its end');
  });

  it('cut off anywhere', async () => {
    await site.addSandbox();
    await site.backUp();
    const whole = await readFile(site.file);
    for (const share of [0, 0.01, 0.3, 0.5, 0.8, 0.99]) {
      await writeFile(site.file, whole);
      await truncate(site.file, Math.floor(whole.byteLength * share));
      expect(await refusal()).toMatch('cut off');
    }
    await writeFile(site.file, whole.subarray(0, whole.byteLength - END.byteLength));
    expect(await refusal()).toMatch('cut off');
  });

  it('with one bit turned anywhere in what it holds', async () => {
    await site.backUp();
    const whole = await readFile(site.file);
    const size = whole.byteLength - END.byteLength;
    for (let at = 700; at < size; at += Math.floor(size / 20)) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 1;
      await writeFile(site.file, altered);
      expect(await refusal()).toMatch(/./);
    }
  });

  it('when it is no tar at all', async () => {
    await writeFile(site.file, 'x'.repeat(4096));
    expect(await refusal()).toMatch('no backup of sandboxd');
  });

  it('when it is a directory, or not there', async () => {
    await expect(BackupFile.open(site.root)).rejects.toThrow('is no file');
    await expect(BackupFile.open(site.file)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['unpacks to more than it says', zstdCompressSync(Buffer.alloc(2 ** 20)), 'larger than it says'],
    ['does not unpack', Buffer.from('nonsense'), 'does not unpack'],
  ])('when its database %s', async (_what, content, says) => {
    const withDatabase = json({ ...HEADER, database: { kind: 'file', sizeBytes: 1000 } });
    await forge([
      [MEMBERS.header, withDatabase],
      [MEMBERS.database, content],
    ]);
    expect(await refusal()).toMatch(says);
  });

  it('when an archive is another one than is described beside it', async () => {
    const facts = { sizeBytes: 1, contentBytes: 1, fileCount: 1, entryCount: 1, warnings: [] };
    const described = { ...facts, template: 'blank', imageDigest: IMAGE, sha256: sha256('described') };
    await forge([header, [MEMBERS.workspaceFacts(ID), json(described)], [MEMBERS.workspace(ID), 'another']]);
    expect(await refusal()).toMatch('is another one than is described');
    const manifest = { ...facts, version: 1, id: ID, template: 'blank', baseImage: IMAGE, createdAt: 1 };
    const snapshot = (id: string) =>
      [
        header,
        [MEMBERS.snapshotManifest(id), json({ ...manifest, sha256: sha256('described') })],
        [MEMBERS.snapshot(id), 'another'],
      ] as const;
    await forge(snapshot(ID));
    expect(await refusal()).toMatch('is another one than is described');
    await forge(snapshot(ID.replace('J', 'K')));
    expect(await refusal()).toMatch('is of another snapshot');
  });

  it('when half of a workspace is missing', async () => {
    await forge([header, [MEMBERS.workspace(ID), 'x']]);
    expect(await refusal()).toMatch(`has no ${MEMBERS.workspaceFacts(ID)}`);
  });

  it('when what makes the workspace refuses its content', async () => {
    await site.addSandbox();
    await site.backUp();
    const refused = new SandboxdError('invalid_request', 'It leads out of the home.');
    const workspacesIn = () => ({ open: async () => {}, adopt: () => Promise.reject(refused) });
    await expect(restore({ workspacesIn })).rejects.toBe(refused);
    expect((await readdir(site.root)).toSorted()).toEqual(['backup.tar', 'data']);
  });
});

describe('The keys in a backup', () => {
  it('open with the one passphrase, and say so otherwise without repeating it', async () => {
    const sealed = await sealKeys({ instance: 'fake0001' }, PASSPHRASE);
    expect(await openKeys(sealed, PASSPHRASE)).toEqual({ instance: 'fake0001' });
    const wrong = 'another-fake-passphrase';
    const refusal = await openKeys(sealed, wrong).catch((error: unknown) => error as Error);
    expect(refusal).toMatchObject({ message: expect.stringContaining('the passphrase is another one') });
    expect(JSON.stringify(refusal)).not.toContain(wrong);
  });

  it('are wrapped so that guessing takes long', async () => {
    const [protectedHeader = ''] = (await sealKeys({ instance: 'fake0001' }, PASSPHRASE)).split('.');
    const header: unknown = JSON.parse(Buffer.from(protectedHeader, 'base64url').toString());
    expect(header).toMatchObject({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 600_000 });
  });

  it.each([
    ['../escape', 'x'],
    ['keys/../../escape', 'x'],
    ['sandboxd.db', 'x'],
    ['keys/.hidden', 'x'],
  ])('never lead to %s', async (path, content) => {
    // As whoever knows the passphrase could, and quicker to open.
    const sealed = await new CompactEncrypt(Buffer.from(json({ files: { [path]: content } })))
      .setProtectedHeader({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM' })
      .encrypt(Buffer.from(PASSPHRASE));
    await expect(openKeys(sealed, PASSPHRASE)).rejects.toThrow('keys.jwe is not what it should be');
  });

  it.each([
    ['other cryptography', { alg: 'dir', enc: 'A256GCM' }],
    [
      'work without end',
      { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2_000_000_000, p2s: 'AAAAAAAAAAA' },
    ],
  ])('do not make this machine do %s', async (_what, header) => {
    const sealed = `${Buffer.from(json(header)).toString('base64url')}.AAAA.AAAA.AAAA.AAAA`;
    await expect(openKeys(sealed, PASSPHRASE)).rejects.toThrow('do not open');
  });
});

describe('Where a backup is restored', () => {
  it('must be empty or absent', async () => {
    await site.addSandbox();
    await site.backUp();
    const into = async () => restore({ dataDir: site.dataDir });
    await expect(into()).rejects.toThrow(/is not empty .*Move it away/);
    expect(await readdir(site.dataDir)).toContain('sandboxd.db');
  });
});
