import type Docker from 'dockerode';
import { type AgentId, AGENTS_LABEL } from '../src/domain/coding-agent.ts';
import type { Outbound } from '../src/domain/outbound.ts';
import { ensureAgents } from './build-agents.ts';
import { buildArgs, networkFiles } from './build-network.ts';
import { buildImage } from './engine-build.ts';
import { findImage } from './find-image.ts';
import { type OnImageProgress, part } from './progress.ts';
import { type Recipe, readRecipes } from './recipe.ts';
import { ensureRootfs } from './rootfs.ts';
import { dropStages, KIND_LABEL } from './stages.ts';

export interface ImageOptions {
  readonly docker: Docker;
  readonly network: Outbound;
  /** Which coding agents the image carries. */
  readonly agents: readonly AgentId[];
  readonly onProgress: OnImageProgress;
  readonly signal: AbortSignal;
}

export interface EnsuredImage {
  /** `sandboxd/base:<fingerprint of everything it is made from>`. */
  readonly tag: string;
  /** `sha256:…` */
  readonly id: string;
  /** Whether anything had to be done. */
  readonly built: boolean;
}

/** The base image's own tag, which images made from it inherit. */
export const BASE_LABEL = 'sandboxd.base';

const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^RUN .*\bapt-get\b/, 'System packages'],
  [/^RUN bash .*prepare/, 'Prepared dependencies'],
  [/^COPY --from/, 'Putting together'],
];

/**
 * The sandboxes' base image of this checkout: built when there is none of its fingerprint, otherwise found in
 * milliseconds. Safe to repeat and to cut off; two at once do the work twice and agree.
 * @throws unavailable when it cannot be built, with the remedy; the signal's reason when that aborts
 */
export async function ensureImage(options: ImageOptions): Promise<EnsuredImage> {
  const { docker, agents: ids, onProgress, signal } = options;
  const { toolchain, agents, base } = await readRecipes(ids);
  const present = await findImage(docker, base.tag);
  if (present !== undefined) return { tag: base.tag, id: present, built: false };

  await ensureToolchain(toolchain, { ...options, onProgress: part(onProgress, 0, 0.6) });
  const upon = { ...options, toolchain: toolchain.tag, onProgress: part(onProgress, 0.6, 0.95) };
  if (agents !== undefined) await ensureAgents(agents, upon);
  signal.throwIfAborted();
  const build = {
    ...base,
    args: { BELOW: (agents ?? toolchain).tag },
    labels: { [KIND_LABEL]: 'base', [BASE_LABEL]: base.tag, [AGENTS_LABEL]: ids.join() },
    describe: () => 'Sandbox supervisor',
  };
  await buildImage(docker, build, part(onProgress, 0.95, 1), signal);
  const id = await findImage(docker, base.tag);
  if (id === undefined) throw new Error(`The engine built ${base.tag} and does not know it.`);
  return { tag: base.tag, id, built: true };
}

async function ensureToolchain(recipe: Recipe, options: ImageOptions): Promise<void> {
  const { docker, network, onProgress, signal } = options;
  if ((await findImage(docker, recipe.tag)) !== undefined) return;
  const rootfs = await ensureRootfs(docker, network, part(onProgress, 0, 0.4), signal);
  const build = {
    tag: recipe.tag,
    files: [...recipe.files, ...(await networkFiles(network))],
    args: { ...buildArgs(network), ROOTFS: rootfs },
    labels: { [KIND_LABEL]: 'toolchain' },
    describe: (instruction: string) => STEPS.find(([pattern]) => pattern.test(instruction))?.[1],
  };
  await buildImage(docker, build, part(onProgress, 0.4, 1), signal);
  await dropStages(docker);
}
