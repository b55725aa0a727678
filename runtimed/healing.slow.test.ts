import { execFileSync } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RuntimeStatus } from '../src/domain/runtimed.ts';
import { PATIENT } from './testing/patience.ts';
import { manifest, type RunningSandbox, type SandboxSetup, startSandbox } from './testing/sandbox.ts';

const isAbandoned = ({ processes }: RuntimeStatus) => processes[0]?.abandoned === true;
const isRunning = ({ processes }: RuntimeStatus) => processes[0]?.running === true;
/** Counts its starts where nobody looks, and runs once `main.sh` lets it. */
const COMMAND = 'echo x >> node_modules/.starts; bash main.sh';

async function crashing(setup: SandboxSetup = {}, script = 'exit 1'): Promise<RunningSandbox> {
  const app = {
    'sandbox.yaml': manifest({ workers: [{ name: 'w', command: COMMAND }] }),
    'main.sh': script,
    'node_modules/.keep': '',
    ...setup.app,
  };
  const sandbox = await startSandbox({ ...setup, app });
  await sandbox.reaches(isAbandoned);
  return sandbox;
}
const starts = async ({ app }: RunningSandbox) =>
  (await readFile(join(app, 'node_modules/.starts'), 'utf8')).length / 2;

/** Waits as long as a revival takes, beginning now. */
async function revivalElsewhere(): Promise<void> {
  await using sandbox = await crashing();
  await sandbox.client.write('main.sh', 'sleep 60');
  await sandbox.reaches(isRunning);
}

describe('an abandoned process', () => {
  it('is brought back by the file that was wrong', async () => {
    await using sandbox = await crashing();
    expect(await starts(sandbox)).toBe(5);
    await sandbox.client.write('main.sh', 'sleep 60');
    expect(await sandbox.reaches(isRunning)).toMatchObject({
      processes: [{ restarts: 0, abandoned: false }],
    });
    await expect.poll(() => starts(sandbox), PATIENT).toBe(6);
  });

  it('is brought back by a file deep down and new', async () => {
    await using sandbox = await crashing({}, 'test -e src/a/b/c.ts && sleep 60');
    await sandbox.client.write('src/a/b/c.ts', '');
    expect(await sandbox.reaches(isRunning)).toMatchObject({ processes: [{ restarts: 0 }] });
  });

  it('that crashes on goes through its five exits again, and may be fixed again', async () => {
    await using sandbox = await crashing();
    await sandbox.client.write('main.sh', 'exit 2');
    await expect.poll(() => starts(sandbox), PATIENT).toBe(10);
    await sandbox.reaches(isAbandoned);
    await sandbox.client.write('main.sh', 'sleep 60');
    await sandbox.reaches(isRunning);
  });

  it('is not brought back by what it wrote itself as it crashed', async () => {
    await using sandbox = await crashing({}, 'date +%N >> crash.txt; exit 1');
    await revivalElsewhere();
    expect(await starts(sandbox)).toBe(5);
    await sandbox.client.write('main.sh', 'sleep 60');
    await sandbox.reaches(isRunning);
  });

  it('is not brought back by what tools write, nor by logs', async () => {
    await using sandbox = await crashing();
    for (const path of ['node_modules/a.js', '.next/a', '.git/a']) await sandbox.client.write(path, '');
    await sandbox.client.exec({ cmd: ['bash', '-c', 'echo x >> ~/.runtimed/w.log'] });
    await revivalElsewhere();
    expect(await starts(sandbox)).toBe(5);
  });

  it('comes back more and more slowly where something else writes all the time', async () => {
    const busy = { name: 'busy', command: 'while :; do echo $RANDOM > beat.txt; sleep 0.02; done' };
    const setup = {
      app: { 'sandbox.yaml': manifest({ workers: [{ name: 'w', command: COMMAND }, busy] }) },
      timings: { firstRevival: 1000, longestRevival: 2000 },
    };
    await using sandbox = await crashing(setup, 'date +%s%3N >> node_modules/.times; exit 1');
    // The first revival is for free, the second waits once as long as it may, and the third twice.
    const times = async () =>
      (await readFile(join(sandbox.app, 'node_modules/.times'), 'utf8')).trim().split('\n').map(Number);
    for (const before of [5, 10, 15])
      await expect.poll(async () => (await times()).length, PATIENT).toBeGreaterThan(before);
    const [last = 0, revived = 0] = (await times()).slice(14);
    expect(revived - last).toBeGreaterThan(1800);
    await sandbox.client.write('main.sh', 'sleep 60');
    await sandbox.reaches(isRunning);
  });

  it('is started after an install, when that is what was missing', async () => {
    const profile = `pnpm() { mkdir -p node_modules/dep; echo '{"version":"1.0.0"}' > node_modules/dep/package.json; }`;
    await using sandbox = await crashing(
      { app: { 'package.json': '{}' }, home: { '.bash_profile': profile } },
      'test -d node_modules/dep && sleep 60',
    );
    await sandbox.client.write('package.json', '{"dependencies":{"dep":"1"}}');
    await sandbox.reaches(isRunning);
    expect((await sandbox.client.logs('w')).join('\n')).toContain('dep is not installed: pnpm install');
  });

  it('is brought back among whatever a tenant has put there', async () => {
    await using sandbox = await crashing();
    execFileSync('mkfifo', [join(sandbox.app, 'fifo')]);
    await symlink('/', join(sandbox.app, 'root'));
    await symlink(sandbox.app, join(sandbox.app, 'loop'));
    await sandbox.client.write('main.sh', 'sleep 60');
    expect(await sandbox.reaches(isRunning)).toMatchObject({ processes: [{ abandoned: false }] });
  });
});
