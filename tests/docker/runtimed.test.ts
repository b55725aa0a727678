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
  image = (await ensureImage({ docker, network: config, onProgress: () => {}, signal: never })).tag;
}, BUILD_LIMIT_MS);

const startContainer = (init: boolean) =>
  startSandboxContainer({ docker, image, init, preset: 'worker', template: 'worker' });

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

  it('ends with everything in it on SIGTERM, with exit code 0', async () => {
    await using it = await startContainer(true);
    const begun = performance.now();
    await it.container.stop({ t: 10 });
    expect(performance.now() - begun).toBeLessThan(6000);
    expect((await it.container.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 });
  });

  it('ends with exit code 0 when it is ordered to over its socket', async () => {
    await using it = await startContainer(true);
    await it.client.call('POST', '/v1/shutdown');
    expect(await it.container.wait()).toMatchObject({ StatusCode: 0 });
  });
});
