import { execFileSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RestartScope, RuntimeStatus } from '../src/domain/runtimed.ts';
import { isAlive } from './testing/alive.ts';
import { PATIENT } from './testing/patience.ts';
import {
  freePort,
  manifest,
  prepareMachine,
  type RunningSandbox,
  runIn,
  startSandbox,
  WEB_APP,
} from './testing/sandbox.ts';

const isReady = ({ phase, preview }: RuntimeStatus) => phase === 'ready' && preview.status === 'ready';
const allRun = ({ processes }: RuntimeStatus) =>
  processes.length > 0 && processes.every(({ running }) => running);
const pidsOf = ({ processes }: RuntimeStatus) =>
  Object.fromEntries(processes.map(({ name, pid = 0 }) => [name, pid]));
const worker = (name: string, more: object = {}) => ({ name, command: 'sleep 60', ...more });

/** A worker that is restarted after a task, or is not. */
const text = (flag: boolean) => manifest({ workers: [worker('w', { restart_after_task: flag })] });

async function restart({ client }: RunningSandbox, scope: RestartScope): Promise<void> {
  expect(await client.call('POST', `/v1/restart?scope=${scope}`)).toMatchObject({ status: 204 });
}

describe('a restart of all processes', () => {
  it('answers when the old ones have ended, and never shows what they were', async () => {
    const port = await freePort();
    const app = { 'sandbox.yaml': manifest({ web: { command: WEB_APP, port }, workers: [worker('w')] }) };
    await using sandbox = await startSandbox({ app });
    const before = pidsOf(await sandbox.reaches((status) => isReady(status) && allRun(status)));
    await restart(sandbox, 'all');
    expect(Object.values(before).filter(isAlive)).toEqual([]);
    const seen = await sandbox.client.status();
    expect(seen.preview.status === 'ready' && pidsOf(seen)['web'] === before['web']).toBe(false);
    const after = await sandbox.reaches((status) => isReady(status) && allRun(status));
    expect(after.processes).toMatchObject([
      { name: 'web', restarts: 0 },
      { name: 'w', restarts: 0 },
    ]);
    expect(pidsOf(after)['web']).not.toBe(before['web']);
    expect(pidsOf(after)['w']).not.toBe(before['w']);
    expect(await sandbox.client.logs('w')).toEqual(['[sandboxd] started anew, as asked for']);
  });

  it('shows the app as starting as long as the old process takes to end', async () => {
    const port = await freePort();
    const command = `${WEB_APP} & trap '' TERM; until [ -e node_modules/go ]; do sleep 0.1; done`;
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': manifest({ web: { command, port } }), 'node_modules/.keep': '' },
      timings: { stopGrace: 20_000 },
    });
    await sandbox.reaches(isReady);
    const restarted = restart(sandbox, 'all');
    const during = await sandbox.reaches(({ phase }) => phase === 'starting');
    expect(during).toMatchObject({ preview: { status: 'starting' }, processes: [{ running: false }] });
    expect(during.preview).not.toHaveProperty('last_http_status');
    await sandbox.client.write('node_modules/go', '');
    await restarted;
    await rm(join(sandbox.app, 'node_modules/go'));
    await sandbox.reaches(isReady);
  });

  it('installs first what has gone missing', async () => {
    const install = `#!/bin/bash\necho installing; mkdir -p node_modules/dep; echo '{"version":"1.0.0"}' > node_modules/dep/package.json\n`;
    await using machine = await prepareMachine({
      app: {
        'sandbox.yaml': manifest({
          workers: [worker('w', { command: 'test -d node_modules/dep && sleep 60' })],
        }),
        'package.json': '{"dependencies":{"dep":"^1.0.0"}}',
        'node_modules/dep/package.json': '{"version":"1.0.0"}',
      },
      home: { '.bash_profile': 'export PATH="$HOME/bin:$PATH"', 'bin/pnpm': install },
    });
    execFileSync('chmod', ['+x', join(machine.home, 'bin/pnpm')]);
    await using sandbox = await runIn(machine);
    await sandbox.reaches(allRun);
    await rm(join(machine.app, 'node_modules'), { recursive: true });
    using watch = await sandbox.client.stream('GET', '/v1/watch');
    await restart(sandbox, 'all');
    await sandbox.reaches((status) => allRun(status) && status.phase === 'ready');
    expect(watch.text).toContain('"phase":"installing"');
    expect(await sandbox.client.logs('w')).toContain('installing');
  });

  it('takes its turn with a changed manifest, and is joined by who asks meanwhile', async () => {
    const text = manifest({ workers: [worker('a'), worker('b')] });
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    await sandbox.reaches(allRun);
    await sandbox.client.write('sandbox.yaml', manifest({ workers: [worker('c'), worker('b')] }));
    await Promise.all(Array.from({ length: 10 }, () => restart(sandbox, 'all')));
    const status = await sandbox.reaches((now) => allRun(now) && now.processes[0]?.name === 'c');
    expect(status.processes.map(({ name }) => name)).toEqual(['c', 'b']);
  });

  it('is no more than a word before the first start', async () => {
    await using machine = await prepareMachine({
      app: { 'sandbox.yaml': manifest({ workers: [worker('w')] }), 'package.json': '{}' },
      home: {
        '.bash_profile': 'pnpm() { until [ -e go ]; do sleep 0.02; done; }',
        '.runtimed/installing': '',
      },
    });
    await using sandbox = await runIn(machine);
    await sandbox.reaches(({ phase }) => phase === 'installing');
    await restart(sandbox, 'all');
    expect(await sandbox.client.status()).toMatchObject({ phase: 'installing' });
    await sandbox.client.write('go', '');
    await sandbox.reaches(({ phase }) => phase === 'ready');
  });

  it('whose sandbox stops before its install leaves nothing that looks like one', async () => {
    await using machine = await prepareMachine({
      app: {
        'sandbox.yaml': manifest({
          workers: [worker('w', { command: `trap '' TERM; while :; do sleep 0.1; done` })],
        }),
        'package.json': '{}',
      },
      // Long enough to be seen.
      timings: { stopGrace: 4000 },
    });
    await using sandbox = await runIn(machine);
    await sandbox.reaches((status) => allRun(status) && status.phase === 'ready');
    await sandbox.client.write('package.json', '{"dependencies":{"dep":"1"}}');
    const restarted = restart(sandbox, 'all').catch(() => 'cut off');
    await sandbox.reaches(({ phase }) => phase === 'starting');
    await sandbox.stop();
    await restarted;
    expect(await readdir(join(machine.home, '.runtimed'))).not.toContain('installing');
  });

  it('does not outlive the sandbox', async () => {
    await using machine = await prepareMachine({
      app: { 'sandbox.yaml': manifest({ workers: [worker('w')] }), 'package.json': '{}' },
      home: { '.bash_profile': 'pnpm() { sleep 60; }' },
    });
    await using sandbox = await runIn(machine);
    await sandbox.reaches(allRun);
    await sandbox.client.write('package.json', '{"dependencies":{"dep":"1"}}');
    await restart(sandbox, 'all');
    await sandbox.reaches(({ phase }) => phase === 'installing');
    await sandbox.stop();
    expect(sandbox.log.filter((line) => line.includes('process started'))).toHaveLength(1);
  });
});

describe('a restart after a task', () => {
  it('is of what is declared so and of what was abandoned, and of nothing else', async () => {
    const crashing = worker('crashing', { command: 'test -e node_modules/fixed && sleep 60' });
    const text = manifest({
      workers: [worker('kept'), worker('fresh', { restart_after_task: true }), crashing],
    });
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    const before = await sandbox.reaches(({ processes }) => processes[2]?.abandoned === true);
    await sandbox.client.write('node_modules/fixed', '');
    await restart(sandbox, 'after_task');
    const after = await sandbox.reaches(allRun);
    expect(pidsOf(after)['kept']).toBe(pidsOf(before)['kept']);
    expect(pidsOf(after)['fresh']).not.toBe(pidsOf(before)['fresh']);
    expect(after.processes[2]).toMatchObject({ abandoned: false, restarts: 0 });
  });

  it('is of everything where the task asked for other dependencies, and installs them', async () => {
    const bin =
      '#!/bin/bash\nmkdir -p node_modules/dep && echo \'{"version":"1.0.0"}\' >node_modules/dep/package.json\n';
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': text(false), 'package.json': '{}' },
      home: { '.bash_profile': 'pnpm() { bash ~/pnpm; }', pnpm: bin },
    });
    const before = pidsOf(await sandbox.reaches(allRun));
    await restart(sandbox, 'after_task');
    expect(pidsOf(await sandbox.client.status())).toEqual(before);
    await sandbox.client.write('package.json', '{"dependencies":{"dep":"^1.0.0"}}');
    await restart(sandbox, 'after_task');
    const after = await sandbox.reaches(allRun);
    expect(pidsOf(after)['w']).not.toBe(before['w']);
    expect((await sandbox.client.logs('w')).join('\n')).toContain('dep is not installed');
  });

  it('goes by what the manifest says now, also where that alone has changed', async () => {
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text(false) } });
    const { processes } = await sandbox.reaches(allRun);
    await restart(sandbox, 'after_task');
    expect((await sandbox.client.status()).processes).toEqual(processes);
    await sandbox.client.write('sandbox.yaml', text(true));
    await expect
      .poll(async () => {
        await restart(sandbox, 'after_task');
        return (await sandbox.client.status()).processes[0]?.pid;
      }, PATIENT)
      .not.toBe(processes[0]?.pid);
  });
});
