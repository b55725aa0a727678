import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import { BackupSite } from '../../tests/fakes/backup-site.ts';
import { AdminClient } from '../cli/admin-client.ts';
import type { BackupSources } from '../backup/sources.ts';
import { createAdminApp } from '../routes/admin/index.ts';
import { backupFrom } from './backup.ts';
import { listenOnSocket } from './listen.ts';

const never = () => {
  throw new Error('Nobody asked for that.');
};

let directory: string;
let site: BackupSite;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-socket-'));
  site = await BackupSite.make();
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function serve(sources: BackupSources) {
  const socket = join(directory, 'admin.sock');
  const app = createAdminApp(apiWorld().ports, {
    pid: 1,
    shutDown: never,
    collectGarbage: never,
    rotateSecrets: never,
    backup: backupFrom(sources),
  });
  const listening = await listenOnSocket(socket, (request) => app.fetch(request));
  return { client: new AdminClient(socket), [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() };
}

const spooled = async (): Promise<string[]> => readdir(join(site.dataDir, 'spool'));

it('comes over the socket to its end', async () => {
  await using server = await serve(site.sources);
  const bytes = await buffer(await server.client.backup(undefined, new AbortController().signal));
  expect(bytes.toString('latin1')).toContain('checksums.json');
  expect(await spooled()).toEqual([]);
});

it('is given up when whoever asked for it leaves, also in the middle of an archive', async () => {
  await site.addSandbox();
  const begun = Promise.withResolvers<void>();
  const { node } = site.sources;
  await using server = await serve({
    ...site.sources,
    node: {
      keeps: () => node.keeps(),
      archiveForBackup: async (_id, _consume, signal) => {
        begun.resolve();
        await once(signal, 'abort');
        throw signal.reason;
      },
    },
  });
  const leaving = new AbortController();
  const bytes = await server.client.backup(undefined, leaving.signal);
  const broken = once(bytes.resume(), 'error');
  await begun.promise;
  expect(await spooled()).toHaveLength(1);
  leaving.abort();
  await broken;
  await expect.poll(spooled).toEqual([]);
});
