import { DockerEngine } from '../adapters/docker/engine.ts';
import { AlreadyRunningError, claimInstance } from '../compose/claim.ts';
import { readInstance } from '../compose/instance.ts';
import type { Config } from '../config.ts';
import { SandboxdError } from '../domain/errors.ts';

/** As a server gives them. */
const GRACE_SECONDS = 8;

/** A server that was killed leaves its sandboxes and their network. @returns how many sandboxes were stopped */
export async function clearLeftovers({
  dataDir,
  dockerSocket,
}: Pick<Config, 'dataDir' | 'dockerSocket'>): Promise<number> {
  const instance = await readInstance(dataDir);
  if (instance === undefined) return 0;
  const engine = new DockerEngine({ socketPath: dockerSocket, instance });
  try {
    await using _claim = await claimInstance(instance);
    const left = await engine.list();
    for (const { sandboxId } of left) {
      await engine.stop(sandboxId, GRACE_SECONDS);
      await engine.remove(sandboxId);
    }
    await engine.tidy();
    await engine.removeNetwork();
    return left.length;
  } catch (error) {
    // A server of another directory, which this one was copied from, runs them: they are no leftovers.
    if (error instanceof AlreadyRunningError) return 0;
    // Without an engine nothing of it runs.
    if (error instanceof SandboxdError && error.code === 'node_unavailable') return 0;
    throw error;
  }
}
