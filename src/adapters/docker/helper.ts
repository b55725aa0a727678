import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import { IMAGE_MISSING, engineCall, tolerate } from './call.ts';
import { HELPER_LABEL, INSTANCE_LABEL, type Names, fingerprint } from './names.ts';

/**
 * Makes a container that is never started, to get at an image's files or a volume's mount, and removes it afterwards.
 * Its name comes from what it is for: what a crash left is replaced when the same is done again.
 */
export async function withHelper<T>(
  docker: Docker,
  names: Names,
  { purpose, ...options }: ContainerCreateOptions & { Image: string; purpose: string },
  use: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  const name = `sandboxd-${names.instance}-helper-${fingerprint({ purpose, options }).slice(0, 12)}`;
  await removeHelper(docker, name);
  const container = await engineCall(
    (abortSignal) =>
      docker.createContainer({
        ...options,
        name,
        // Images without a command of their own need one to be accepted.
        Cmd: ['/nothing'],
        NetworkDisabled: true,
        Labels: { [INSTANCE_LABEL]: names.instance, [HELPER_LABEL]: '' },
        abortSignal,
      }),
    { meaning: IMAGE_MISSING },
  );
  try {
    return await use(container);
  } finally {
    await removeHelper(docker, container.id);
  }
}

/** Removes those that a crash left. None may be in use. */
export async function removeHelpers(docker: Docker, names: Names): Promise<void> {
  const filters = { label: [...names.all().label, HELPER_LABEL] };
  const left = await engineCall((abortSignal) => docker.listContainers({ all: true, filters, abortSignal }));
  await Promise.all(left.map(({ Id }) => removeHelper(docker, Id)));
}

async function removeHelper(docker: Docker, container: string): Promise<void> {
  await tolerate([404], (abortSignal) =>
    docker.getContainer(container).remove({ force: true, v: true, abortSignal }),
  );
}
