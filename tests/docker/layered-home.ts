import { randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { DockerEngine } from '../../src/adapters/docker/engine.ts';
import { overlayOptions } from '../../src/adapters/docker/overlay.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { LAYERS_DIRECTORY, SANDBOX_HOME, SANDBOX_UID } from '../../src/domain/runtimed.ts';

/** A home as the node makes it: the layer below, an empty directory of the sandbox's above. */
export interface LayeredHome extends AsyncDisposable {
  readonly mount: Docker.MountSettings;
  /** What the sandbox has written. */
  readonly upper: string;
  /** An empty directory of the sandbox's, outside of its home. */
  readonly control: string;
}

export async function layeredHome(
  docker: Docker,
  socketPath: string,
  image: string,
  template: string,
): Promise<LayeredHome> {
  await using making = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'sandboxd-home-'));
  making.defer(() => rm(root, { recursive: true, force: true }));
  const at = (name: string) => join(root, name);
  for (const name of ['lower', 'upper', 'work', 'control']) await mkdir(at(name));
  for (const name of ['upper', 'control']) await chown(at(name), SANDBOX_UID, SANDBOX_UID);
  const engine = new DockerEngine({ socketPath, instance: 'test-image' });
  await engine.extract(image, `${LAYERS_DIRECTORY}/${template}`, at('lower')).catch((error: unknown) => {
    // A template that depends on nothing has nothing prepared.
    if (!(error instanceof SandboxdError) || error.code !== 'not_found') throw error;
  });
  const home = { kind: 'overlay', lower: at('lower'), upper: at('upper'), work: at('work') } as const;
  const volume = `sandboxd-test-${randomUUID()}`;
  const mount: Docker.MountSettings = {
    Type: 'volume',
    Source: volume,
    Target: SANDBOX_HOME,
    VolumeOptions: {
      NoCopy: true,
      Labels: {},
      DriverConfig: { Name: 'local', Options: overlayOptions(home) },
    },
  };
  // The engine makes it with the container.
  making.defer(() => docker.getVolume(volume).remove({ force: true }));
  const made = making.move();
  return {
    mount,
    upper: at('upper'),
    control: at('control'),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
