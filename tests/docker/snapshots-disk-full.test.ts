import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TEMPLATES } from '../../src/domain/preset.ts';
import { Installation } from '../harness/installation.ts';
import { onDisk, SnapshotDesk } from '../harness/snapshot-desk.ts';
import { type SmallDisk, smallDisk } from '../harness/small-disk.ts';

const run = promisify(execFile);
const ROOMY = '2g';

let site: Installation;
let disk: SmallDisk;
let desk: SnapshotDesk;

/** The whole data directory on a file system whose size the test sets. */
beforeAll(async () => {
  site = await Installation.make();
  disk = await smallDisk(ROOMY, site.dataDir);
  await site.up();
  await vi.waitUntil(isWarm, { timeout: 240_000 });
  desk = await SnapshotDesk.make(site);
});
afterAll(async () => {
  await disk.resize(ROOMY);
  await site.command('down');
  await disk[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Leaves this much free. */
async function squeeze(freeKilobytes: number): Promise<void> {
  const { stdout } = await run('df', ['--output=used', '-k', site.dataDir]);
  await disk.resize(`${Number.parseInt(stdout.split('\n')[1] ?? '', 10) + freeKilobytes}k`);
}

/** Whether all prepared dependencies are laid out: they would take the room that the test leaves. */
async function isWarm(): Promise<boolean> {
  const [image] = await readdir(join(site.dataDir, 'layers'));
  if (image === undefined) return false;
  const templates = await readdir(join(site.dataDir, 'layers', image));
  return TEMPLATES.every((template) => templates.includes(template));
}

describe('a disk that is full', () => {
  it('fails a capture that says so, and takes the next one when there is room', async () => {
    await desk.says('precious');
    await desk.exec('head -c 20000000 /dev/urandom > ~/workspace/app/large');
    await squeeze(4000);
    const failed = await desk.capture('too large');
    expect(failed).toMatchObject({
      status: 'failed',
      error_message: expect.stringMatching(/disk.*full|space/i) as string,
    });
    expect((await onDisk(site)).archives).toEqual([]);
    await disk.resize(ROOMY);
    expect(await desk.serves()).toBe('precious');
    expect(await desk.capture('fits')).toMatchObject({ status: 'ready' });
  });

  it('fails a restore that says so and leaves the app as it was, and restores when there is room', async () => {
    const snapshot = (await desk.history()).find(({ status }) => status === 'ready');
    await desk.exec('rm ~/workspace/app/large');
    await desk.says('changed');
    const before = await desk.sandboxId();
    await squeeze(6000);
    await expect(desk.restore(snapshot?.id ?? '')).rejects.toThrow(/disk.*full|space/i);
    await disk.resize(ROOMY);
    expect(await desk.sandboxId()).toBe(before);
    expect(await desk.serves()).toBe('changed');
    expect((await onDisk(site)).workspaces).toEqual([before]);
    await desk.restore(snapshot?.id ?? '');
    expect(await desk.serves()).toBe('precious');
  });
});
