import type Docker from 'dockerode';
import { type AgentId, AGENTS_LABEL, offeredAgents } from '../../domain/coding-agent.ts';
import { IMAGE_MISSING, engineCall } from './call.ts';

/** The id (`sha256:…`) of a local image. @throws unavailable when it is not there */
export const imageDigest = async (docker: Docker, reference: string): Promise<string> =>
  (await inspect(docker, reference)).Id;

/** What a local image says it offers. @throws unavailable when it is not there */
export async function imageAgents(docker: Docker, reference: string): Promise<ReadonlySet<AgentId>> {
  const { Config } = await inspect(docker, reference);
  return offeredAgents(Config.Labels?.[AGENTS_LABEL]);
}

function inspect(docker: Docker, reference: string): Promise<Docker.ImageInspectInfo> {
  const image = docker.getImage(reference);
  return engineCall((abortSignal) => image.inspect({ abortSignal }), { meaning: IMAGE_MISSING });
}
