import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../harness/installation.ts';
import { visit } from '../harness/http.ts';

const PASSPHRASE = 'a-fake-passphrase-of-tests';
const KEY = 'sk-fake-0123456789-only-for-tests';
const PATIENT = { timeout: 90_000, interval: 200 };

interface Box {
  readonly id: string;
  readonly preview: { readonly url: string };
}

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

async function newApp(name: string): Promise<Box> {
  const app = await site.json<{ id: string }>('POST', '/v1/apps', { name, runtime_preset: 'node-express' });
  return site.json('POST', `/v1/apps/${app.id}/sandbox`);
}

const write = (box: Box, path: string, content: string) =>
  site.api('PUT', `/v1/sandboxes/${box.id}/files?path=${path}`, { body: content });

const read = async (box: Box, path: string): Promise<string> =>
  (await site.api('GET', `/v1/sandboxes/${box.id}/files/content?path=${path}`)).text;

const statusOf = async ({ id }: Box): Promise<string> =>
  (await site.json<{ status: string }>('GET', `/v1/sandboxes/${id}`)).status;

const serves = async ({ preview }: Box): Promise<number> => (await visit(preview.url)).status;

async function captured(box: Box): Promise<string> {
  const input = { source_sandbox_id: box.id, name: 'Before', live: true };
  const { id } = await site.json<{ id: string }>('POST', '/v1/snapshots', input);
  const status = async () => (await site.json<{ status: string }>('GET', `/v1/snapshots/${id}`)).status;
  await expect.poll(status, PATIENT).toBe('ready');
  return id;
}

describe('A backup of an installation that runs', () => {
  it('is restored as the same installation, asleep, down to keys, tokens and snapshots', async () => {
    const [running, asleep] = [await newApp('Running'), await newApp('Asleep')];
    await expect.poll(() => serves(running), PATIENT).toBe(200);
    await write(running, 'note.txt', 'of the one that runs');
    await write(asleep, 'note.txt', 'of the one that sleeps');
    await site.json('POST', `/v1/sandboxes/${asleep.id}/stop`);
    await site.json('POST', '/v1/agents/anthropic/api-key', { api_key: KEY });
    const snapshot = await captured(running);

    const summary = JSON.parse(await site.command('backup', file, '--json')) as object;
    expect(summary).toMatchObject({ workspaces: 2, snapshots: 1, keys: 'included', leftOut: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['backup.tar']);
    expect(await serves(running)).toBe(200);
    await write(running, 'note.txt', 'of after the backup');

    await expect(site.command('restore', file)).rejects.toThrow('in use by a server');
    await site.command('down');
    await expect(site.command('restore', file)).rejects.toThrow('is not empty');
    await rm(site.dataDir, { recursive: true });
    await site.command('restore', file);
    await site.up();

    expect([await statusOf(running), await statusOf(asleep)]).toEqual(['stopped', 'stopped']);
    expect(await read(running, 'note.txt')).toBe('of the one that runs');
    await expect.poll(() => serves(running), PATIENT).toBe(200);
    expect(await read(running, 'note.txt')).toBe('of the one that runs');
    expect(await read(asleep, 'note.txt')).toBe('of the one that sleeps');
    const { providers } = await site.json<{ providers: { id: string; has_key?: boolean }[] }>(
      'GET',
      '/v1/agents',
    );
    expect(JSON.stringify(providers.find(({ id }) => id === 'anthropic'))).toContain('true');

    const fork = await site.json<{ sandbox: Box }>('POST', '/v1/apps/fork', { snapshot_id: snapshot });
    expect(await read(fork.sandbox, 'note.txt')).toBe('of the one that runs');
  }, 280_000);

  it('is not made where no server runs', async () => {
    const other = await Installation.make();
    await using _ = other;
    await expect(other.command('backup', join(directory, 'none.tar'), '--no-keys')).rejects.toThrow(
      /no server is running here.*a copy of .* is a backup/s,
    );
    expect(await readdir(directory)).toEqual(['backup.tar']);
  });

  it('leaves nothing that gc would find', async () => {
    const { failures } = JSON.parse(await site.command('gc', '--dry-run', '--json')) as {
      failures: unknown[];
    };
    expect(failures).toEqual([]);
    expect(await readdir(join(site.dataDir, 'spool'))).toEqual([]);
  });
});
