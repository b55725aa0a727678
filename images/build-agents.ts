import type Docker from 'dockerode';
import type { Outbound } from '../src/domain/outbound.ts';
import { buildArgs, networkFiles } from './build-network.ts';
import { buildImage } from './engine-build.ts';
import { findImage } from './find-image.ts';
import type { OnImageProgress } from './progress.ts';
import { type AgentsRecipe, AGENTS_REPOSITORY } from './recipe.ts';
import { dropStages, KIND_LABEL } from './stages.ts';

export interface AgentsBuild {
  readonly docker: Docker;
  readonly network: Outbound;
  /** The image they are put upon; it is there. */
  readonly toolchain: string;
  readonly onProgress: OnImageProgress;
  readonly signal: AbortSignal;
}

/** What the packages of an image are: an image that has the same is copied from. */
export const PACKAGES_LABEL = 'sandboxd.agent-packages';

const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^RUN .*install/, 'Downloading coding agents'],
  [/^COPY --from/, 'Putting together'],
];

/** The agents on this toolchain: found, copied from the image of another toolchain, or else downloaded. */
export async function ensureAgents(recipe: AgentsRecipe, options: AgentsBuild): Promise<void> {
  const { docker, onProgress, signal } = options;
  if ((await findImage(docker, recipe.tag)) !== undefined) return;
  const source = await findPackages(docker, recipe);
  const build = {
    tag: recipe.tag,
    ...(source === undefined ? await downloading(recipe, options) : copying(recipe, options, source)),
    labels: { [KIND_LABEL]: 'agents', [PACKAGES_LABEL]: recipe.packages },
    describe: (instruction: string) => STEPS.find(([pattern]) => pattern.test(instruction))?.[1],
  };
  await buildImage(docker, build, onProgress, signal);
  await dropStages(docker);
}

const downloading = async ({ files }: AgentsRecipe, { network, toolchain }: AgentsBuild) => ({
  files: [...files, ...(await networkFiles(network))],
  args: { ...buildArgs(network), TOOLCHAIN: toolchain },
});

const copying = ({ copying }: AgentsRecipe, { toolchain }: AgentsBuild, source: string) => ({
  files: copying,
  args: { TOOLCHAIN: toolchain, SOURCE: source },
});

/** The id of an image with the same packages on another toolchain. */
async function findPackages(docker: Docker, { packages }: AgentsRecipe): Promise<string | undefined> {
  // Images made from these have the label as well, and who knows what is left in them.
  const filters = { reference: [AGENTS_REPOSITORY], label: [`${PACKAGES_LABEL}=${packages}`] };
  const [found] = await docker.listImages({ filters: JSON.stringify(filters) });
  return found?.Id;
}
