import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { SandboxdError } from '../../domain/errors.ts';
import { callEngine, engineStatus, tolerate } from './call.ts';
import { withHelper } from './helper.ts';
import { INSTANCE_LABEL, type Names } from './names.ts';
import { isMountable, overlayOptions } from './overlay.ts';

const MOUNT_POINT = '/probe';
const FILE = 'written-through-the-overlay';

/**
 * Whether the engine mounts an overlay of directories on this file system: it does exactly that, with a container that
 * never starts, and looks for what was written through the mount on the host. That also finds an engine that does not
 * see the same file system as the agent.
 */
export async function probeOverlay(
  docker: Docker,
  names: Names,
  image: string,
  directory: string,
): Promise<boolean> {
  if (!isMountable(directory)) return false;
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const layer of [lower, upper, work]) {
    await rm(layer, { recursive: true, force: true });
    await mkdir(layer);
  }
  try {
    await writeThrough(docker, names, image, overlayOptions({ kind: 'overlay', lower, upper, work }));
    await access(join(upper, FILE));
    return true;
  } catch (error) {
    if (isAnswer(error)) return false;
    throw error;
  } finally {
    await tolerate([404], (abortSignal) => docker.getVolume(volumeName(names)).remove({ abortSignal }));
    for (const layer of [lower, upper, work]) await rm(layer, { recursive: true, force: true });
  }
}

/** The engine's refusal to mount, or a file that never arrived. That the engine is gone, or has no such image, is none. */
function isAnswer(error: unknown): boolean {
  if (error instanceof SandboxdError) {
    return error.code === 'node_unavailable' && engineStatus(error.cause) !== undefined;
  }
  return engineStatus(error) !== undefined || (error as { code?: unknown } | null)?.code === 'ENOENT';
}

const volumeName = (names: Names) => `sandboxd-${names.instance}-probe`;

/** Copying into a stopped container makes the engine mount its volumes for as long as it takes. */
async function writeThrough(docker: Docker, names: Names, image: string, options: Record<string, string>) {
  const mount = {
    Type: 'volume' as const,
    Source: volumeName(names),
    Target: MOUNT_POINT,
    VolumeOptions: {
      NoCopy: true,
      Labels: { [INSTANCE_LABEL]: names.instance },
      DriverConfig: { Name: 'local', Options: options },
    },
  };
  await withHelper(
    docker,
    names,
    { purpose: 'probe', Image: image, HostConfig: { Mounts: [mount] } },
    async (container) => {
      const files = pack();
      files.entry({ name: FILE }, '');
      files.finalize();
      const archive = await buffer(files);
      await callEngine((abortSignal) => container.putArchive(archive, { path: MOUNT_POINT, abortSignal }));
    },
  );
}
