import type Docker from 'dockerode';

/** Marks what this program made in the engine, for cleaning up. */
export const KIND_LABEL = 'sandboxd.image';
/** Set in the Dockerfiles on every stage that is no image of its own. */
const STAGE_LABEL = 'sandboxd.stage';

/** Such a stage holds a package store's leavings and the trust bundle: nothing that should stay. */
export async function dropStages(docker: Docker): Promise<void> {
  const filters = JSON.stringify({ dangling: ['true'], label: [STAGE_LABEL] });
  try {
    await docker.pruneImages({ filters });
  } catch (error) {
    // 409: the engine prunes already, for somebody else. What that leaves, the next build drops.
    if ((error as { statusCode?: number }).statusCode !== 409) throw error;
  }
}
