import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureImage } from '../../images/build.ts';
import { Client } from '../../runtimed/testing/client.ts';
import { loadConfig } from '../../src/config.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { PRESETS, type Preset } from '../../src/domain/preset.ts';
import {
  CONTROL_DIRECTORY,
  CONTROL_SOCKET,
  type RuntimeStatus,
  SANDBOX_UID,
} from '../../src/domain/runtimed.ts';
import { layeredHome } from './layered-home.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const BUILD_LIMIT_MS = 900_000;
/** A second or two, where nothing else runs. */
const BOOT_LIMIT_MS = 60_000;

let image: string;

beforeAll(async () => {
  const signal = new AbortController().signal;
  image = (
    await ensureImage({ docker, network: config, agents: config.agents, onProgress: () => {}, signal })
  ).id;
}, BUILD_LIMIT_MS);

/** A sandbox of a preset on its prepared layer, confined as sandboxes are, with no network at all. */
async function startOffline(preset: Preset) {
  await using starting = new AsyncDisposableStack();
  const home = starting.use(await layeredHome(docker, config.dockerSocket, image, preset.template ?? ''));
  const container = await docker.createContainer({
    Image: image,
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Env: [`SANDBOXD_PRESET=${preset.id}`, `SANDBOXD_TEMPLATE=${preset.template}`],
    HostConfig: {
      Init: true,
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 2 * 2 ** 30,
      PidsLimit: 1024,
      Tmpfs: { '/tmp': 'rw,exec,mode=1777', '/var/tmp': 'rw,exec,mode=1777' },
      Binds: [`${home.control}:${CONTROL_DIRECTORY}`],
      Mounts: [home.mount],
    },
  });
  starting.defer(() => container.remove({ force: true, v: true }));
  const restart = async () => {
    await container.restart({ t: 10 });
    return new Client(join(home.control, CONTROL_SOCKET));
  };
  await container.start();
  const running = starting.move();
  return {
    home,
    client: new Client(join(home.control, CONTROL_SOCKET)),
    restart,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const isUp = ({ phase, preview, processes }: RuntimeStatus): boolean =>
  phase === 'ready' &&
  ['ready', 'none'].includes(preview.status) &&
  processes.every(({ running }) => running);

const processOf = ({ id }: Preset): string => (id === 'worker' ? 'worker' : 'web');

/** Waits until everything runs; what does not come up is shown with what it said. */
async function reachesUp(client: Client, preset: Preset): Promise<void> {
  try {
    await expect.poll(async () => isUp(await client.status()), { timeout: BOOT_LIMIT_MS }).toBe(true);
  } catch (error) {
    const said = (await client.logs(processOf(preset))).join('\n');
    const status = JSON.stringify(await client.status());
    throw new Error(`${preset.id} did not come up: ${status}\n${said}`, { cause: error });
  }
}

describe.each(PRESETS)('the preset $id without a network', (preset) => {
  it('boots from what the image has prepared, and so it does again when that was deleted', async () => {
    await using sandbox = await startOffline(preset);
    await reachesUp(sandbox.client, preset);
    const said = (await sandbox.client.logs(processOf(preset))).join('\n');
    expect(said).not.toContain('install');
    const written = await readdir(join(sandbox.home.upper, APP_DIRECTORY));
    expect(written).toContain('sandbox.yaml');
    expect(written).not.toContain('.venv');

    const remove = { cmd: ['bash', '-c', 'rm -rf node_modules .venv'] };
    expect(await sandbox.client.exec(remove)).toMatchObject({ exit: { exit_code: 0 } });
    await reachesUp(await sandbox.restart(), preset);
  });
});
