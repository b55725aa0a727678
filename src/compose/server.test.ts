import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { quietLogger } from '../../tests/fakes/quiet-logger.ts';
import { loadConfig } from '../config.ts';
import { createRedactor } from '../domain/redactor.ts';
import { claimDataDirectory, claimInstance } from './claim.ts';
import { startServer } from './server.ts';

it('does not serve a copy beside its original: nothing is touched, and the directory is free again', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'server-'));
  const instance = `copied-${process.pid}`;
  await writeFile(join(directory.path, 'instance'), instance);
  await using _original = await claimInstance(instance);
  const config = loadConfig({ SANDBOXD_DATA_DIR: directory.path, SANDBOXD_LISTEN: '127.0.0.1:0' });
  const started = startServer({
    config,
    image: 'fake-image',
    log: quietLogger,
    redactor: createRedactor(),
    onShutDown: () => {},
  });
  await expect(started).rejects.toThrow('restore the backup with --as-copy');
  expect(await readdir(directory.path)).not.toContain('sandboxd.db');
  await using _free = await claimDataDirectory(directory.path);
});
