import type Docker from 'dockerode';

/** The id of a local image, or undefined when the engine has none by that reference. */
export async function findImage(docker: Docker, reference: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(reference).inspect()).Id;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
