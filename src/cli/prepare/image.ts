import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { type EnsuredImage, ensureImage } from '../../../images/build.ts';
import { findImage } from '../../../images/find-image.ts';
import { verifyImage } from '../../../images/verify.ts';
import type { Config } from '../../config.ts';
import type { Outbound } from '../../domain/outbound.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

export interface ImagePreparation {
  readonly docker: Docker;
  readonly config: Pick<Config, 'image' | 'dataDir' | keyof Outbound>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export type PreparedImage = Omit<EnsuredImage, 'built'>;

/**
 * The image that sandboxes run, built or found, and fit: each is verified once on this machine.
 * @throws Failure naming what is wrong with the image; unavailable when it cannot be built
 */
export async function prepareImage(options: ImagePreparation): Promise<PreparedImage> {
  const image = await (options.config.image === undefined
    ? ensureBuilt(options)
    : findCustom(options.config.image, options));
  await verifyOnce(image, options);
  return image;
}

async function ensureBuilt({ docker, config, terminal, signal }: ImagePreparation): Promise<PreparedImage> {
  using progress = terminal.progress('Base image');
  const onProgress = progress.update.bind(progress);
  const image = await ensureImage({ docker, network: config, signal, onProgress });
  if (image.built) progress.done(`built (${image.tag})`);
  return image;
}

async function findCustom(
  tag: string,
  { docker, terminal, signal }: ImagePreparation,
): Promise<PreparedImage> {
  const present = await findImage(docker, tag);
  if (present !== undefined) return { tag, id: present };
  using progress = terminal.progress('Base image');
  progress.update({ step: `Pulling ${tag}` });
  try {
    const stream = await docker.pull(tag, { abortSignal: signal });
    await promisify(docker.modem.followProgress.bind(docker.modem))(stream);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Failure(
      `there is no image ${tag} here (SANDBOXD_IMAGE), and it cannot be pulled: ${(cause as Error).message}. Build or load it, or unset the variable to have one built.`,
      EXIT.failed,
      { cause },
    );
  }
  progress.done(`pulled (${tag})`);
  return { tag, id: (await docker.getImage(tag).inspect()).Id };
}

async function verifyOnce(image: PreparedImage, { docker, config, signal }: ImagePreparation): Promise<void> {
  const record = join(config.dataDir, 'verified-image');
  if ((await readRecord(record)) === image.id) return;
  const faults = await verifyImage(docker, image.id, signal);
  if (faults.length > 0) {
    const list = faults.map(({ clause, message }) => `  clause ${clause}: ${message}`).join('\n');
    throw new Failure(
      `the image ${image.tag} breaks the base-image contract:\n${list}\nMend the image and try again.`,
    );
  }
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(record, image.id);
}

async function readRecord(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
