import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { BASE_LABEL, type EnsuredImage, ensureImage } from '../../../images/build.ts';
import { findImage } from '../../../images/find-image.ts';
import { readRecipes } from '../../../images/recipe.ts';
import { describeFaults } from '../../../images/verify/fault.ts';
import { verifyImage, verifyVersion } from '../../../images/verify/verify.ts';
import type { Config } from '../../config.ts';
import type { Outbound } from '../../domain/outbound.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { pullFailure, pullImage } from './pull.ts';

export interface ImagePreparation {
  readonly docker: Docker;
  readonly config: Pick<Config, 'image' | 'agents' | 'dataDir' | keyof Outbound>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export type PreparedImage = Omit<EnsuredImage, 'built'>;

/**
 * The image that sandboxes run, built or found, and fit: each is verified once on this machine.
 * @throws Failure naming what is wrong with the image; unavailable when it cannot be built
 */
export async function prepareImage(options: ImagePreparation): Promise<PreparedImage> {
  const { image: custom } = options.config;
  const image = await (custom === undefined ? ensureBase(options) : findOrPull(custom, options));
  await verifyOnce(image, options);
  if (custom !== undefined) await tellAge(image, options);
  return image;
}

/** The image that sandboxd makes itself, built where it is missing. @throws unavailable when it cannot be built */
export async function ensureBase({
  docker,
  config,
  terminal,
  signal,
}: ImagePreparation): Promise<PreparedImage> {
  using progress = terminal.progress('Base image');
  const onProgress = progress.update.bind(progress);
  const image = await ensureImage({ docker, network: config, agents: config.agents, signal, onProgress });
  if (image.built) progress.done(`built (${image.tag})`);
  return image;
}

/** An image of somebody else's making. @throws Failure when the engine has none and can get none */
export async function findOrPull(
  tag: string,
  { docker, terminal, signal }: Omit<ImagePreparation, 'config'>,
): Promise<PreparedImage> {
  const present = await findImage(docker, tag);
  if (present !== undefined) return { tag, id: present };
  using progress = terminal.progress('Base image');
  progress.update({ step: `Pulling ${tag}` });
  try {
    await pullImage(docker, tag, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Failure(
      `there is no image ${tag} here, and it cannot be pulled: ${pullFailure(cause)}. Build or load it, or name another (SANDBOXD_IMAGE; when that is unset, one is built).`,
      EXIT.failed,
      { cause },
    );
  }
  progress.done(`pulled (${tag})`);
  return { tag, id: (await docker.getImage(tag).inspect()).Id };
}

/** An image from an older base has an older supervisor, which may lack what this version asks of it. */
async function tellAge(
  { tag, id }: PreparedImage,
  { docker, config, terminal }: ImagePreparation,
): Promise<void> {
  const { Config } = await docker.getImage(id).inspect();
  const madeFrom = Config.Labels?.[BASE_LABEL];
  const { base } = await readRecipes(config.agents);
  if (madeFrom === undefined || madeFrom === base.tag) return;
  terminal.note(`The image ${tag} is made from ${madeFrom}, this version has ${base.tag}: build it again.`);
}

async function verifyOnce(image: PreparedImage, { docker, config, signal }: ImagePreparation): Promise<void> {
  const record = join(config.dataDir, 'verified-image');
  // An image that was fit for an older sandboxd need not be for this one.
  const verified = `${image.id} ${await verifyVersion()}`;
  if ((await readRecord(record)) === verified) return;
  const faults = await verifyImage(docker, image.id, signal);
  if (faults.length > 0) throw new Failure(describeFaults(image.tag, faults));
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(record, verified);
}

async function readRecord(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
