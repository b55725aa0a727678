import { isCode, SandboxdError } from '../../domain/errors.ts';
import type { ArchivedContent } from '../../domain/workspace.ts';
import type { AgentPorts } from '../ports.ts';
import { bytesUnlessGivenUp, unlessGivenUp } from './given-up.ts';

/**
 * What a workspace begins with that is made from a snapshot.
 * @param signal gives it up: the bytes then end with its reason
 * @throws conflict when its archive is not here
 */
export async function contentOf(
  { snapshots, log }: Pick<AgentPorts, 'snapshots' | 'log'>,
  snapshotId: string,
  sandboxId: string,
  signal: AbortSignal,
): Promise<ArchivedContent> {
  try {
    const { manifest, archive } = await unlessGivenUp(snapshots.get(snapshotId), signal);
    const { sha256, contentBytes, entryCount } = manifest;
    return {
      bytes: bytesUnlessGivenUp(archive, signal),
      expected: { sha256, contentBytes, entryCount },
      onWarning: (warning) =>
        log.warn('a snapshot was not taken over as it is', { snapshotId, sandboxId, warning }),
    };
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    throw new SandboxdError(
      'conflict',
      "The snapshot's archive is not in this node's snapshot store. If SANDBOXD_SNAPSHOT_STORE was changed, set it back.",
      { cause: error },
    );
  }
}
