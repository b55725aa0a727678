import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import { AGENTS_LABEL, CODING_AGENTS, offeredAgents } from '../../src/domain/coding-agent.ts';
import { GENERATED_DIRECTORIES } from '../../src/domain/paths.ts';
import { TEMPLATES } from '../../src/domain/preset.ts';
import {
  LAYERS_DIRECTORY,
  SANDBOX_HOME,
  SKELETON_DIRECTORY,
  TEMPLATES_DIRECTORY,
} from '../../src/domain/runtimed.ts';
import { createConfined, environments } from './confined.ts';
import { type ImageFault, parseFaults } from './fault.ts';

const CHECKS = new URL('checks.sh', import.meta.url);

/** Clauses 2 to 8, looked at by a login shell with the environment that commands of a sandbox have. */
export async function checkInLoginShell(
  docker: Docker,
  image: Docker.ImageInspectInfo,
  abortSignal: AbortSignal,
): Promise<readonly ImageFault[]> {
  const { own, programs } = environments(image);
  const offered = offeredAgents(image.Config.Labels?.[AGENTS_LABEL]);
  const agents = CODING_AGENTS.filter(({ id }) => offered.has(id));
  const script = await readFile(CHECKS, 'utf8');
  const args = [
    SANDBOX_HOME,
    TEMPLATES_DIRECTORY,
    LAYERS_DIRECTORY,
    SKELETON_DIRECTORY,
    own['PATH'] ?? '',
    [...GENERATED_DIRECTORIES].join(':'),
    agents.map(({ program }) => program).join(' '),
    ...TEMPLATES,
  ];
  const command = ['bash', '-lc', script, 'checks', ...args] as const;
  await using it = await createConfined(
    docker,
    image.Id,
    { command: [...command], env: programs },
    abortSignal,
  );
  await it.container.start({ abortSignal });
  await it.container.wait({ abortSignal });
  return parseFaults(await it.output());
}
