import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../testing/alive.ts';
import { freePort, manifest, type SandboxSetup, startSandbox, WEB_APP } from '../testing/sandbox.ts';
import { DONE } from '../testing/scripted-agent.ts';
import { PATIENT } from '../testing/patience.ts';
import { TaskClient } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';

interface AppSetup extends SandboxSetup {
  readonly web?: object;
  readonly build?: object;
  readonly workers?: readonly object[];
}

async function start({ web = {}, build = { command: '' }, workers = [], ...setup }: AppSetup = {}) {
  const port = await freePort();
  const declared = manifest({ web: { command: WEB_APP, port, ...web }, build, workers });
  const sandbox = await startSandbox({ ...setup, app: { 'sandbox.yaml': declared, ...setup.app } });
  await sandbox.reaches(({ phase }) => phase === 'ready');
  return { ...sandbox, port, tasks: new TaskClient(sandbox.client) };
}

describe('a build check', () => {
  test('that passes makes a healthy app', async () => {
    await using it = await start({ build: { command: 'echo fine' } });
    expect(await it.tasks.run(DONE)).toMatchObject({
      status: 'succeeded',
      build_status: 'passed',
      preview_status_after: 'ready',
      preview_ok: true,
      app_healthy: true,
    });
  });

  test('that fails is told, and stands until a file changes', async () => {
    await using it = await start({
      build: { command: `printf '\\033[31mno such module\\033[0m\\n' >&2; exit 2` },
    });
    const id = await it.tasks.begin(DONE);
    const message = 'The build ended with code 2.\nno such module';
    const events = await it.tasks.events(id);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'build', data: { status: 'failed', message } }),
    );
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      build_status: 'failed',
      build_error_message: message,
      preview_status_after: 'error',
      preview_ok: false,
      preview_error_message: message,
      app_healthy: false,
    });
    expect((await it.client.status()).preview).toMatchObject({
      status: 'error',
      last_http_status: 200,
      build_error_message: message,
    });
    await it.client.write('src/fixed.ts', '');
    const { preview } = await it.reaches(({ preview }) => preview.status === 'ready');
    expect(preview).not.toHaveProperty('build_error_message');
  });

  test('that fails stands although the app is restarted after the task, and falls with the next restart', async () => {
    await using it = await start({ web: { restart_after_task: true }, build: { command: 'exit 1' } });
    expect(await it.tasks.run(DONE)).toMatchObject({ preview_status_after: 'error', app_healthy: false });
    expect((await it.client.status()).phase).toBe('ready');
    await it.client.call('POST', '/v1/restart?scope=all');
    await it.reaches(({ preview }) => preview.status === 'ready');
  });

  test('that passes clears what the one before has found', async () => {
    await using it = await start({ build: { command: 'test -e node_modules/ok' } });
    expect(await it.tasks.run(DONE)).toMatchObject({ build_status: 'failed' });
    const outcome = await it.tasks.run(`mkdir node_modules; touch node_modules/ok; ${DONE}`);
    expect(outcome).toMatchObject({
      build_status: 'passed',
      preview_status_after: 'ready',
      app_healthy: true,
    });
  });

  test('that takes too long is cut off, with all it has started', async () => {
    const daemon = `(env -i setsid /bin/bash -c 'echo $$ > node_modules/pid; exec /bin/sleep 300' &)`;
    const command = `${daemon}; echo so far; sleep 300`;
    await using it = await start({
      build: { command, timeout_seconds: 3 },
      app: { 'node_modules/.keep': '' },
    });
    expect(await it.tasks.run(DONE)).toMatchObject({
      build_status: 'failed',
      build_error_message: 'The build was cut off after 3 s.\nso far',
    });
    expect(isAlive(Number(await it.client.read('node_modules/pid')))).toBe(false);
  });

  test.each<[string, Record<string, string>, string]>([
    ['without a package', {}, 'skipped'],
    ['whose package has no build', { 'package.json': '{"scripts":{"dev":"x"}}' }, 'skipped'],
    ['whose package cannot be read', { 'package.json': '{' }, 'skipped'],
    [
      'whose package has one',
      { 'package.json': '{"packageManager":"npm@10.0.0","scripts":{"build":"true"}}' },
      'passed',
    ],
  ])('by default is of an app %s: %s', async (_what, app, expected) => {
    await using it = await start({ build: {}, app });
    const outcome = await it.tasks.run(DONE);
    expect(outcome).toMatchObject({ build_status: expected, app_healthy: true });
  });

  test('comes after what the task asks for is installed, once, and everything is started anew then', async () => {
    const tools = `export PATH="$HOME/bin:$PATH"`;
    const install = '#!/bin/sh\necho "$@" >> ~/installs; exit 1\n';
    await using it = await start({
      build: { command: 'cat ~/installs' },
      home: { '.bash_profile': tools, '.profile': tools, 'bin/npm': install },
    });
    await it.client.exec({ cmd: ['chmod', '+x', join(it.home, 'bin/npm')] });
    const before = (await it.client.status()).processes[0]?.pid;
    const app = '{"packageManager":"npm@10.0.0","dependencies":{"left-pad":"1"}}';
    expect(await it.tasks.run(`echo '${app}' > package.json; ${DONE}`)).toMatchObject({
      build_status: 'passed',
      preview_ok: true,
    });
    expect(
      (await it.client.exec({ cmd: ['cat', join(it.home, 'installs')] })).stdout.trim().split('\n'),
    ).toHaveLength(1);
    expect((await it.client.status()).processes[0]?.pid).not.toBe(before);
  });
});

describe('whether the app serves', () => {
  test('is asked afresh, and why not is told', async () => {
    const command = `echo it does not start >&2; test -e broken || ${WEB_APP}`;
    await using it = await start({ web: { command, restart_after_task: true } });
    expect(await it.tasks.run(`touch broken; ${DONE}`)).toMatchObject({
      status: 'succeeded',
      build_status: 'skipped',
      preview_status_after: 'down',
      preview_ok: false,
      preview_error_message: expect.stringMatching(
        new RegExp(`^Nothing answers on port ${it.port}\\. Its log ends with:\\n[^]*it does not start`),
      ) as unknown,
      app_healthy: false,
    });
  });

  test('is told by what it answers', async () => {
    const command = `node -e "require('http').createServer((q, s) => s.writeHead(require('fs').existsSync('broken') ? 500 : 200).end()).listen(process.env.PORT)"`;
    await using it = await start({ web: { command } });
    expect(await it.tasks.run(`touch broken; ${DONE}`)).toMatchObject({
      preview_status_after: 'down',
      preview_error_message: expect.stringMatching(/^The app answers \/ with 500\./) as unknown,
    });
  });

  test('is asked of what the task has declared, however fresh that is', async () => {
    await using it = await start({ timings: { manifestRest: 60_000 } });
    const port = await freePort();
    const moved = manifest({ web: { command: WEB_APP, port }, build: { command: '' } });
    expect(
      await it.tasks.run(`printf '%s' '${moved.replaceAll("'", `'\\''`)}' > sandbox.yaml; ${DONE}`),
    ).toMatchObject({ preview_status_after: 'ready', preview_ok: true });
    expect((await it.client.status()).web_port).toBe(port);
    const workers = [{ name: 'w', command: 'sleep 600' }];
    const none = manifest({ workers, build: { command: '' } });
    const outcome = await it.tasks.run(`echo '${none}' > sandbox.yaml; ${DONE}`);
    expect(outcome).toMatchObject({ preview_status_after: 'none', app_healthy: true });
  });

  test('of an app of workers is bad while each of their starts ends in a crash', async () => {
    const workers = [{ name: 'w', command: 'bash main.sh', restart_after_task: true }];
    const only = JSON.stringify({ version: 1, workers });
    const timings = { steadyWorker: 3000, workerPatience: 9000 };
    await using it = await start({ app: { 'main.sh': 'sleep 600' }, timings });
    const becomes = (script: string) =>
      it.tasks.run(`echo '${only}' > sandbox.yaml; echo '${script}' > main.sh; ${DONE}`);
    expect(await becomes('sleep 0.1; exit 1')).toMatchObject({
      preview_status_after: 'none',
      app_healthy: false,
    });
    expect(await becomes('sleep 600')).toMatchObject({ app_healthy: true });
  });

  test('of an app that restarts itself is clear when it has', async () => {
    const command = `until [ ! -e slow ]; do sleep 0.05; rm slow; done; ${WEB_APP}`;
    await using it = await start({ web: { command, restart_after_task: true } });
    expect(await it.tasks.run(`touch slow; ${DONE}`)).toMatchObject({ preview_ok: true });
  });
});

test('what is abandoned waits for the end of the task, and is started anew then', async () => {
  const worker = { name: 'w', command: 'echo x >> node_modules/.starts; bash main.sh' };
  await using it = await start({ workers: [worker], app: { 'main.sh': 'exit 1', 'node_modules/.keep': '' } });
  const isAbandoned = async () => (await it.client.status()).processes[1]?.abandoned === true;
  await until(isAbandoned);
  const starts = async () => (await it.client.read('node_modules/.starts')).length / 2;
  // Longer than a revival takes in this test: 5 s against some 50 ms.
  const half = `echo 'exit 2' > main.sh; touch a; sleep 1; touch b; sleep 1; cp node_modules/.starts seen; echo 'sleep 600' > main.sh`;
  const outcome = await it.tasks.run(`${half}; ${DONE}`);
  expect(outcome.status).toBe('succeeded');
  expect((await it.client.read('seen')).length / 2).toBe(5);
  await until(async () => (await it.client.status()).processes[1]?.running === true);
  await expect.poll(starts, PATIENT).toBe(6);
});

test('what is abandoned is brought back after a cancelled task by what that has changed', async () => {
  const worker = { name: 'w', command: 'bash main.sh' };
  await using it = await start({ workers: [worker], app: { 'main.sh': 'exit 1' } });
  await until(async () => (await it.client.status()).processes[1]?.abandoned === true);
  const id = await it.tasks.begin(`echo 'sleep 600' > main.sh; echo ready; sleep 600`);
  await it.tasks.said(id, 'ready');
  await it.tasks.end(id, { reason: 'cancelled' });
  expect((await it.tasks.outcome(id)).status).toBe('cancelled');
  await until(async () => (await it.client.status()).processes[1]?.running === true);
});
