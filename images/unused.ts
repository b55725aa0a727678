import type Docker from 'dockerode';
import { SandboxdError } from '../src/domain/errors.ts';
import type { Garbage, GarbageSource } from '../src/domain/garbage.ts';
import type { Clock } from '../src/domain/ids.ts';
import { BASE_LABEL } from './build.ts';
import { PACKAGES_LABEL } from './build-agents.ts';
import { AGENTS_REPOSITORY, type Recipes } from './recipe.ts';
import { KIND_LABEL } from './stages.ts';

export interface ImageUse {
  readonly docker: Pick<Docker, 'listImages' | 'listContainers' | 'getImage'>;
  /** What the current image is made from. */
  readonly recipes: () => Promise<Recipes>;
  /** Ids of images that something is still to be taken from. */
  readonly needed: () => Promise<ReadonlySet<string>>;
  /** How long one is left alone after it was made. */
  readonly graceMs: number;
  readonly clock: Clock;
}

const REPOSITORIES: ReadonlySet<string> = new Set(['sandboxd/base', AGENTS_REPOSITORY, 'sandboxd/toolchain']);
const NOTE =
  'size with what it shares with others; another installation on this engine that is down may have to build it again';

/**
 * Images that this program built and that are not the current ones. An engine may serve several installations, of which only
 * those that are up show, by their containers: so what any container uses stays, what is young stays, and what goes can
 * be built again.
 */
export function unusedImages(use: ImageUse): GarbageSource {
  return { kind: 'image', find: () => findUnused(use) };
}

async function findUnused({ docker, recipes, needed, graceMs, clock }: ImageUse): Promise<Garbage[]> {
  const [images, containers] = await Promise.all([docker.listImages(), docker.listContainers({ all: true })]);
  const inUse = new Set([...containers.map(({ ImageID }) => ImageID), ...(await needed())]);
  const keptTags = tagsToKeep(images, await recipes());
  return images
    .filter(({ Id, Labels }) => Labels?.[KIND_LABEL] !== undefined && !inUse.has(Id))
    .map((image) => ({ image, ageMs: clock() - image.Created * 1000 }))
    .filter(({ ageMs }) => ageMs >= graceMs)
    .flatMap(({ image, ageMs }) =>
      ownTags(image)
        .filter((tag) => !keptTags.has(tag))
        .map((tag) => ({
          kind: 'image',
          name: tag,
          sizeBytes: image.Size,
          ageMs,
          note: NOTE,
          // By its tag: whatever else calls the image something goes on doing so.
          remove: () => removeTag(docker, tag),
        })),
    );
}

/** The current ones, what they are made from, and what images of somebody else's making begin with. */
function tagsToKeep(images: readonly Docker.ImageInfo[], recipes: Recipes): Set<string> {
  const { base, agents, toolchain } = recipes;
  const current = [base.tag, toolchain.tag, ...(agents === undefined ? [] : [agents.tag])];
  const present = new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []));
  const derived = images.filter((image) => ownTags(image).length === 0);
  const origins = derived.flatMap(({ Labels }) => Labels?.[BASE_LABEL] ?? []);
  // The packages of coding agents are copied from such an image rather than downloaded again.
  const isSource = ({ Labels }: Docker.ImageInfo) =>
    agents !== undefined && !present.has(agents.tag) && Labels?.[PACKAGES_LABEL] === agents.packages;
  return new Set([...current, ...origins, ...images.filter(isSource).flatMap(ownTags)]);
}

const ownTags = ({ RepoTags }: Docker.ImageInfo): string[] =>
  (RepoTags ?? []).filter((tag) => REPOSITORIES.has(tag.slice(0, tag.lastIndexOf(':'))));

async function removeTag(docker: ImageUse['docker'], tag: string): Promise<void> {
  try {
    await docker.getImage(tag).remove();
  } catch (cause) {
    const { statusCode } = cause as { statusCode?: number };
    if (statusCode === 404) return;
    if (statusCode !== 409) throw cause;
    throw new SandboxdError('conflict', 'A container began to use it.', { cause });
  }
}
