import { isCode, SandboxdError } from '../../domain/errors.ts';
import type { ArchivedContent } from '../../domain/workspace.ts';
import type { AgentPorts } from '../ports.ts';

/** What a workspace begins with that is made from a snapshot. @throws conflict when its archive is not here */
export async function contentOf(
  { snapshots, log }: Pick<AgentPorts, 'snapshots' | 'log'>,
  snapshotId: string,
  sandboxId: string,
): Promise<ArchivedContent> {
  try {
    const { manifest, archive } = await snapshots.get(snapshotId);
    const { sha256, contentBytes, entryCount } = manifest;
    return {
      bytes: archive,
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
