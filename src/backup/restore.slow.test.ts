import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BackupSite } from '../../tests/fakes/backup-site.ts';
import { BackupFile } from './reader.ts';
import { restoreBackup } from './restore.ts';
import { clearStaging, stagingOf } from './staging.ts';

const CHILD = fileURLToPath(new URL('../../tests/fakes/restore-and-die.ts', import.meta.url));
const MOST_STEPS = 50;

let site: BackupSite;
beforeEach(async () => {
  site = await BackupSite.make();
});
afterEach(() => site[Symbol.asyncDispose]());

/** Restores in a process that is killed when it announces a step. @returns whether it was */
async function isKilledAt(step: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, site.file, site.target, String(step)], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`It ended with ${code ?? signal}.`);
  return signal === 'SIGKILL';
}

it('is there as a whole or not at all, wherever it is killed', async () => {
  await site.addSandbox();
  await site.addSandbox();
  await site.addSnapshot();
  await site.backUp();
  let step = 1;
  while (step < MOST_STEPS && (await isKilledAt(step))) {
    expect(await readdir(site.root)).not.toContain('restored');
    step += 1;
  }
  expect(step).toBeGreaterThan(4);
  expect(await readdir(site.target)).toEqual(expect.arrayContaining(['instance', 'node', 'sandboxes']));
  // The last one cleared away what those before had left.
  expect((await readdir(site.root)).toSorted()).toEqual(['backup.tar', 'data', 'restored']);
});

it('leaves what the next start clears away', async () => {
  await site.backUp();
  expect(await isKilledAt(2)).toBe(true);
  expect(await readdir(stagingOf(site.target))).toContain('instance');
  await clearStaging(site.target);
  await using file = await BackupFile.open(site.file);
  await restoreBackup(file, site.restoring());
  expect(await readdir(site.target)).toContain('sandboxd.db');
});
