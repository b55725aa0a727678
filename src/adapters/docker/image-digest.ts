import type Docker from 'dockerode';
import { IMAGE_MISSING, engineCall } from './call.ts';

/** The id (`sha256:…`) of a local image. @throws unavailable when it is not there */
export async function imageDigest(docker: Docker, reference: string): Promise<string> {
  const image = docker.getImage(reference);
  const { Id } = await engineCall((abortSignal) => image.inspect({ abortSignal }), {
    meaning: IMAGE_MISSING,
  });
  return Id;
}
