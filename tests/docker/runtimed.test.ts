import Docker from 'dockerode';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureImage } from '../../images/build.ts';
import type { Client } from '../../runtimed/testing/client.ts';
import { PATIENT } from '../../runtimed/testing/patience.ts';
import { until } from '../../runtimed/testing/until.ts';
import { loadConfig } from '../../src/config.ts';
import { SANDBOX_HOME, SANDBOX_UID } from '../../src/domain/runtimed.ts';
import { startSandboxContainer } from './sandbox-container.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const never = new AbortController().signal;
const BUILD_LIMIT_MS = 600_000;

let image: string;

beforeAll(async () => {
  image = (
    await ensureImage({ docker, network: config, agents: config.agents, onProgress: () => {}, signal: never })
  ).tag;
}, BUILD_LIMIT_MS);

const startContainer = (init: boolean, network: 'none' | 'bridge' = 'none') =>
  startSandboxContainer({ docker, image, init, network, preset: 'worker', template: 'worker' });

/** Leaves processes behind that outlive their parents, and ends them. */
const LEAVE_ORPHANS = 'for n in 1 2 3 4 5; do (setsid sleep 0.05 &); done';
const COUNT_ZOMBIES = `grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l`;
const bash = (script: string) => ({ cmd: ['bash', '-c', script] });
const zombies = async (client: Client) => Number((await client.exec(bash(COUNT_ZOMBIES))).stdout);
const orphans = async (client: Client) => Number((await client.exec(bash('pgrep -xc sleep || true'))).stdout);

describe('runtimed in its container', () => {
  it('boots as the sandbox user on a read-only root, and runs its preset', async () => {
    await using it = await startContainer(true);
    await until(async () => (await it.client.status()).processes.some(({ running }) => running));
    console.log(`control socket answered after ${Math.round(it.answeredAfter)} ms`);
    const { stdout } = await it.client.exec(bash('id -u; pwd; touch /x 2>/dev/null || echo read-only'));
    expect(stdout).toBe(`${SANDBOX_UID}\n${SANDBOX_HOME}/workspace/app\nread-only\n`);
    expect(await it.client.list()).toEqual(['sandbox.yaml', 'worker.sh']);
  });

  it.each([
    ['reaped by the init of the engine', true, 0],
    ['left as zombies without one', false, 5],
  ])('orphans are %s', async (_, init, expected) => {
    await using it = await startContainer(init);
    await it.client.exec(bash(LEAVE_ORPHANS));
    await expect
      .poll(() => orphans(it.client).then((alive) => alive - (init ? 0 : expected)), PATIENT)
      .toBeLessThanOrEqual(1);
    await expect.poll(() => zombies(it.client), PATIENT).toBe(expected);
  });

  it.each([
    ['none', '127.0.0.1', 'ready'],
    ['bridge', '0.0.0.0', 'ready'],
    ['bridge', '127.0.0.1', 'down'],
  ] as const)(
    'with the network "%s" and an app that listens on %s the preview is %s',
    async (network, host, status) => {
      await using it = await startContainer(true, network);
      const serve = `require('http').createServer((q, s) => s.end()).listen(3000, '${host}')`;
      await it.client.write('sandbox.yaml', JSON.stringify({ web: { command: `node -e "${serve}"` } }));
      await expect.poll(async () => (await it.client.status()).preview.status, PATIENT).toBe(status);
      // It is written after the status is told.
      const hinted = async () =>
        (await it.client.logs('web')).some((line) => line.includes('listen on 0.0.0.0:3000'));
      await expect.poll(hinted, PATIENT).toBe(status === 'down');
    },
  );

  it('restarts its processes, installing nothing that is there', async () => {
    await using it = await startContainer(true);
    const pid = async () => (await it.client.status()).processes.find(({ running }) => running)?.pid;
    const before = await until(pid);
    expect((await it.client.call('POST', '/v1/restart?scope=all')).status).toBe(204);
    expect(await until(pid)).not.toBe(before);
    expect((await it.client.logs('worker')).join('\n')).not.toContain('install');
  });

  it('is spared by whoever ends every node', async () => {
    await using it = await startContainer(true);
    await it.client.exec({ cmd: ['bash', '-c', 'pkill -KILL -f node; pkill -KILL node; true'] });
    expect((await it.client.exec(bash('echo alive'))).stdout).toBe('alive\n');
  });

  it('ends with everything in it on SIGTERM, with exit code 0', async () => {
    await using it = await startContainer(true);
    // What takes longer is killed, and ends with another code.
    await it.container.stop({ t: 10 });
    expect((await it.container.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 });
  });

  it('ends with exit code 0 when it is ordered to over its socket', async () => {
    await using it = await startContainer(true);
    await it.client.call('POST', '/v1/shutdown');
    expect(await it.container.wait()).toMatchObject({ StatusCode: 0 });
  });
});
