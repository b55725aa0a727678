import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { Client } from '../../runtimed/testing/client.ts';
import { writeFiles } from '../../runtimed/testing/sandbox.ts';
import { until } from '../../runtimed/testing/until.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { CONTROL_DIRECTORY, CONTROL_SOCKET, SANDBOX_HOME, SANDBOX_UID } from '../../src/domain/runtimed.ts';

export interface SandboxContainerOptions {
  readonly docker: Docker;
  readonly image: string;
  readonly template: string;
  readonly preset?: string;
  /** Whether the engine's init reaps what is left behind. */
  readonly init?: boolean;
  /** `none` by default. */
  readonly network?: 'none' | 'bridge';
  /** What the app directory holds before the first boot. */
  readonly app?: Record<string, string>;
}

export interface SandboxContainer extends AsyncDisposable {
  readonly container: Docker.Container;
  readonly client: Client;
  /** Milliseconds from the order to start to the first answer on the socket. */
  readonly answeredAfter: number;
}

/** A sandbox in a container confined as sandboxes are; all gone in the end. */
export async function startSandboxContainer(options: SandboxContainerOptions): Promise<SandboxContainer> {
  await using starting = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'runtimed-docker-'));
  starting.defer(() => rm(root, { recursive: true, force: true }));
  const [home, control] = [join(root, 'home'), join(root, 'control')];
  for (const directory of [home, control]) await mkdir(directory);
  await writeFiles(join(home, APP_DIRECTORY), options.app);
  for (const path of [home, control, ...(await below(home))]) await chown(path, SANDBOX_UID, SANDBOX_UID);
  const container = await options.docker.createContainer(containerOptions(options, home, control));
  starting.defer(() => container.remove({ force: true }));
  const begun = performance.now();
  await container.start();
  const client = new Client(join(control, CONTROL_SOCKET));
  await until(() => client.status());
  const answeredAfter = performance.now() - begun;
  const running = starting.move();
  return { container, client, answeredAfter, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const below = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true })).map((name) => join(directory, name));

const containerOptions = (
  { image, template, preset = '', init = true, network = 'none' }: SandboxContainerOptions,
  home: string,
  control: string,
): Docker.ContainerCreateOptions => ({
  Image: image,
  User: `${SANDBOX_UID}:${SANDBOX_UID}`,
  Env: [`SANDBOXD_PRESET=${preset}`, `SANDBOXD_TEMPLATE=${template}`],
  HostConfig: {
    Init: init,
    NetworkMode: network,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Tmpfs: { '/tmp': 'rw,exec,mode=1777' },
    Binds: [`${home}:${SANDBOX_HOME}`, `${control}:${CONTROL_DIRECTORY}`],
  },
});
