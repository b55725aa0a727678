import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RuntimeStatus } from '../src/domain/runtimed.ts';
import { PATIENT } from './testing/patience.ts';
import { isAlive } from './testing/alive.ts';
import {
  freePort,
  manifest,
  prepareMachine,
  runIn,
  startSandbox,
  WEB_APP,
  writeFiles,
} from './testing/sandbox.ts';

const isReady = ({ phase, preview }: RuntimeStatus) => phase === 'ready' && preview.status === 'ready';
const isRunning = (name: string) => (status: RuntimeStatus) =>
  status.processes.some((process) => process.name === name && process.running);

/** An app that serves on a port of its own. */
const webApp = async (more: object = {}) => {
  const port = await freePort();
  return { port, text: manifest({ web: { command: WEB_APP, port, ...more } }) };
};

describe('a boot', () => {
  it('goes from an empty home to a serving app', async () => {
    const { text, port } = await webApp();
    await using sandbox = await startSandbox({
      template: 'shop',
      image: { 'templates/shop/sandbox.yaml': text },
    });
    const status = await sandbox.reaches(isReady);
    expect(status).toMatchObject({
      phase: 'ready',
      preview: { status: 'ready', last_http_status: 200 },
      web_port: port,
      processes: [{ name: 'web', kind: 'web', running: true, restarts: 0, abandoned: false }],
    });
    expect(status).not.toHaveProperty('manifest_error');
  });

  it('is not disturbed by what is written before the home is filled', async () => {
    const image = {
      'templates/shop/sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }),
      'templates/shop/a.js': 'template',
    };
    await using sandbox = await startSandbox({ template: 'shop', image });
    await Promise.all([sandbox.client.write('b.js', 'mine'), sandbox.client.write('a.js', 'mine')]);
    expect(await sandbox.client.list()).toEqual(['a.js', 'b.js', 'sandbox.yaml']);
    expect(await sandbox.client.read('a.js')).toBe('mine');
  });

  it('of an app without a web process ends when its workers run, with no preview', async () => {
    await using sandbox = await startSandbox({
      preset: 'worker',
      image: { 'templates/worker/worker.sh': 'sleep 60' },
    });
    const status = await sandbox.reaches(({ phase }) => phase === 'ready');
    expect(status.preview).toEqual({ status: 'none' });
    expect(status).not.toHaveProperty('web_port');
    expect(status.processes).toMatchObject([{ name: 'worker', running: true }]);
  });

  it('installs what the app asks for, tells so, and starts what was installed', async () => {
    const bin = `#!/bin/bash\nwhile [ ! -e go ]; do sleep 0.02; done\necho "$CI $*"; mkdir -p node_modules/dep; echo '{"version":"1.0.0"}' > node_modules/dep/package.json\n`;
    await using machine = await prepareMachine({
      app: {
        'sandbox.yaml': manifest({
          workers: [{ name: 'w', command: 'test -d node_modules/dep && sleep 60' }],
        }),
        'package.json': '{"dependencies":{"dep":"^1.0.0"}}',
      },
      home: { '.bash_profile': 'export PATH="$HOME/bin:$PATH"', 'bin/pnpm': bin },
    });
    execFileSync('chmod', ['+x', join(machine.home, 'bin/pnpm')]);
    await using sandbox = await runIn(machine);
    await sandbox.reaches(({ phase }) => phase === 'installing');
    await sandbox.client.write('go', '');
    await sandbox.reaches(isRunning('w'));
    const said = (await sandbox.client.logs('w')).join('\n');
    expect(said).toContain(
      '[sandboxd] dep is not installed: pnpm install --prefer-offline --no-frozen-lockfile\ntrue install',
    );
    await sandbox.stop();
    await using again = await runIn(machine);
    await again.reaches(isRunning('w'));
    expect(again.log.join('\n')).not.toContain('installing dependencies');
  });

  it('goes on after an install that fails', async () => {
    await using sandbox = await startSandbox({
      app: {
        'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }),
        'package.json': '{"packageManager":"yarn@4","dependencies":{"dep":"1"}}',
      },
      home: { '.bash_profile': 'yarn() { echo broken; return 3; }' },
    });
    await sandbox.reaches(isRunning('w'));
    expect(await sandbox.client.logs('w')).toEqual(
      expect.arrayContaining(['broken', '[sandboxd] the install failed with code 3']),
    );
  });

  it('takes up again an install that was cut off', async () => {
    await using machine = await prepareMachine({
      app: {
        'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }),
        'package.json': '{}',
      },
      home: {
        '.bash_profile': 'pnpm() { if [ -e ~/fast ]; then return 0; fi; sleep 60; }',
        '.runtimed/installing': '',
      },
    });
    const first = await runIn(machine);
    await first.reaches(({ phase }) => phase === 'installing');
    await first.stop();
    await writeFiles(machine.home, { fast: '' });
    await using second = await runIn(machine);
    await second.reaches(isRunning('w'));
    expect(second.log.join('\n')).toContain('the last install was cut off');
    expect(await readdir(join(machine.home, '.runtimed'))).not.toContain('installing');
  });

  it('goes on after an install that takes too long, and the next one takes that up again', async () => {
    await using machine = await prepareMachine({
      app: {
        'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }),
        'package.json': '{"dependencies":{"dep":"1"}}',
        'node_modules/dep/package.json': '{"version":"0.9.0"}',
      },
      home: {
        '.bash_profile':
          'pnpm() { echo \'{"version":"1.0.0"}\' > node_modules/dep/package.json; [ -e ~/fast ] || sleep 60; }',
      },
      timings: { installLimit: 500 },
    });
    await using first = await runIn(machine);
    await first.reaches(isRunning('w'));
    expect(await first.client.logs('w')).toContain('[sandboxd] the install was cut off after 0.5 s');
    await first.stop();
    await writeFiles(machine.home, { fast: '' });
    const timings = { ...machine.options.timings, installLimit: 20_000 };
    await using second = await runIn({ ...machine, options: { ...machine.options, timings } });
    await second.reaches(isRunning('w'));
    expect(second.log.join('\n')).toContain('the last install was cut off');
    expect(await readdir(join(machine.home, '.runtimed'))).not.toContain('installing');
  });

  it('keeps trying, whatever the tenant has put in its way', async () => {
    await using sandbox = await startSandbox({
      home: { workspace: 'a file where the workspace belongs', '.runtimed': 'a file' },
    });
    const { processes } = await sandbox.reaches(({ processes }) =>
      processes.some(({ restarts }) => restarts > 5),
    );
    expect(processes).toMatchObject([{ name: 'web', running: false, abandoned: false }]);
    expect(await sandbox.client.logs('web')).toEqual([]);
  });
});

describe('sandbox.yaml', () => {
  it('that cannot be used is told in the status, and the defaults run', async () => {
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': 'web: {port: nine}', 'package.json': '{}' },
    });
    const status = await sandbox.reaches(({ processes }) => processes.length > 0);
    expect(status.manifest_error).toMatch(/^web\.port: must be a whole number/);
    expect(status.web_port).toBe(3000);
  });

  it('is followed while the app runs', async () => {
    const { text, port } = await webApp();
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    await sandbox.reaches(isReady);
    await sandbox.client.write('sandbox.yaml', manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }));
    const changed = await sandbox.reaches(isRunning('w'));
    expect(changed).toMatchObject({
      phase: 'ready',
      preview: { status: 'none' },
      processes: [{ name: 'w' }],
    });
    await sandbox.client.write('sandbox.yaml', text);
    expect(await sandbox.reaches(isReady)).toMatchObject({ web_port: port, processes: [{ name: 'web' }] });
  });

  it('revives an abandoned process when it is saved', async () => {
    const text = manifest({ workers: [{ name: 'w', command: 'test -e fixed && sleep 60' }] });
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    await sandbox.reaches(({ processes }) => processes[0]?.abandoned === true);
    await sandbox.client.write('fixed', '');
    await sandbox.client.write('sandbox.yaml', `${text}\n`);
    expect(await sandbox.reaches(isRunning('w'))).toMatchObject({ processes: [{ abandoned: false }] });
  });
});

describe('the preview', () => {
  it('is down when the web process crashes, and ready when it is back', async () => {
    const { text } = await webApp();
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': text },
      // Long enough to be seen down.
      timings: { firstRestart: 2000, longestRestart: 2000 },
    });
    const { processes } = await sandbox.reaches(isReady);
    process.kill(-(processes[0]?.pid ?? 0), 'SIGKILL');
    await sandbox.reaches(({ preview }) => preview.status === 'down');
    expect(await sandbox.reaches(isReady)).toMatchObject({ processes: [{ restarts: 1 }] });
  });

  it('is starting while the app does not serve yet, and down when it takes too long', async () => {
    const { text } = await webApp({ command: 'sleep 60' });
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': text },
      // Long enough to be seen.
      timings: { startingLimit: 3000 },
    });
    await sandbox.reaches((status) => status.preview.status === 'starting' && isRunning('web')(status));
    expect(await sandbox.reaches(({ preview }) => preview.status === 'down')).toMatchObject({
      phase: 'starting',
    });
  });

  it('is down where the app listens for itself alone, and its log says what to do', async () => {
    const { text, port } = await webApp();
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text }, webHost: '127.0.0.2' });
    const { preview } = await sandbox.reaches((status) => status.preview.status === 'down');
    expect(preview).not.toHaveProperty('last_http_status');
    const hint = `[sandboxd] the app listens where only its own sandbox reaches it (127.0.0.1); let it listen on 0.0.0.0:${port}`;
    await expect.poll(() => sandbox.client.logs('web'), PATIENT).toEqual([hint]);
    const open = manifest({ web: { command: WEB_APP.replace('127.0.0.1', '0.0.0.0'), port } });
    await sandbox.client.write('sandbox.yaml', open);
    await sandbox.reaches(isReady);
  });

  it('follows a changed health path without a restart', async () => {
    const { port } = await webApp();
    const command = `node -e "require('http').createServer((q, s) => { s.statusCode = q.url === '/up' ? 200 : 503; s.end() }).listen(${port}, '127.0.0.1')"`;
    await using sandbox = await startSandbox({
      app: { 'sandbox.yaml': manifest({ web: { command, port } }) },
    });
    const before = await sandbox.reaches(({ preview }) => preview.last_http_status === 503);
    await sandbox.client.write('sandbox.yaml', manifest({ web: { command, port, health_path: '/up' } }));
    const after = await sandbox.reaches(isReady);
    expect(after.processes[0]?.pid).toBe(before.processes[0]?.pid);
  });
});

describe('the end', () => {
  it('leaves nothing running, whatever is under way', async () => {
    const { text } = await webApp();
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    const { processes } = await sandbox.reaches(isReady);
    using exec = await sandbox.client.stream(
      'POST',
      '/v1/exec',
      JSON.stringify({ cmd: ['bash', '-c', 'echo $$; sleep 60'] }),
    );
    using watch = await sandbox.client.stream('GET', '/v1/watch');
    await expect.poll(() => /"data":"\d+/.test(exec.text), PATIENT).toBe(true);
    await sandbox.stop();
    await Promise.all([exec.closed, watch.closed]);
    const pids = [processes[0]?.pid ?? 0, Number(/"data":"(\d+)/.exec(exec.text)?.[1])];
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('may come in the middle of the boot', async () => {
    await using machine = await prepareMachine({
      app: { 'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'touch started; sleep 60' }] }) },
    });
    const sandbox = await runIn(machine);
    await sandbox.stop();
    await expect(sandbox.client.status()).rejects.toMatchObject({ code: 'ENOENT' });
    await using again = await runIn(machine);
    await again.reaches(isRunning('w'));
    await expect.poll(() => readdir(machine.app), PATIENT).toContain('started');
  });
});

describe('what a tenant does to ~/.runtimed', () => {
  it.each([
    ['removes it', (directory: string) => rm(directory, { recursive: true })],
    [
      'makes its log a FIFO',
      async (directory: string) => {
        await rm(join(directory, 'w.log'));
        execFileSync('mkfifo', [join(directory, 'w.log')]);
      },
    ],
    [
      'makes its log a symlink',
      async (directory: string) => {
        await rm(join(directory, 'w.log'));
        await symlink('/dev/zero', join(directory, 'w.log'));
      },
    ],
    [
      'makes its logs directories',
      async (directory: string) => {
        await rm(join(directory, 'w.log'));
        await mkdir(join(directory, 'w.log'));
        await mkdir(join(directory, 'w.log.1'));
      },
    ],
    [
      'fills it with files',
      (directory: string) => writeFile(join(directory, 'boot.json'), '\0'.repeat(1_000_000)),
    ],
  ])('%s: the app and the control socket live on', async (_, harm) => {
    const text = manifest({ workers: [{ name: 'w', command: 'while :; do echo tick; sleep 0.01; done' }] });
    await using sandbox = await startSandbox({ app: { 'sandbox.yaml': text } });
    const { processes } = await sandbox.reaches(isRunning('w'));
    await expect.poll(() => sandbox.client.logs('w'), PATIENT).toContain('tick');
    await harm(join(sandbox.home, '.runtimed'));
    const logs = await sandbox.client.call('GET', '/v1/processes/w/logs');
    expect([200, 404]).toContain(logs.status);
    await sandbox.client.write('sandbox.yaml', manifest({ workers: [{ name: 'w', command: 'sleep 60' }] }));
    await sandbox.reaches(
      (status) => isRunning('w')(status) && status.processes[0]?.pid !== processes[0]?.pid,
    );
    expect((await sandbox.client.exec({ cmd: ['echo', 'alive'] })).stdout).toBe('alive\n');
  });
});
