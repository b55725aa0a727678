import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { Outbound } from '../src/domain/outbound.ts';
import { bootstrapRootfs } from './bootstrap.ts';
import { readMessages } from './engine-build.ts';
import { findImage } from './find-image.ts';
import type { OnImageProgress } from './progress.ts';

const REGISTRY_IMAGE = 'debian:bookworm-slim';
const BOOTSTRAPPED_IMAGE = 'sandboxd/rootfs:bookworm';
/** A registry that says nothing for so long is taken for absent. */
const REGISTRY_SILENCE_MS = 15_000;

/**
 * The root file system the toolchain is installed into: Debian's own image where a registry answers, else one made from
 * the distribution's packages and kept.
 * @returns a reference to a local image
 * @throws unavailable when neither way is open
 */
export async function ensureRootfs(
  docker: Docker,
  network: Outbound,
  onProgress: OnImageProgress,
  signal: AbortSignal,
): Promise<string> {
  for (const reference of [REGISTRY_IMAGE, BOOTSTRAPPED_IMAGE]) {
    if ((await findImage(docker, reference)) !== undefined) return reference;
  }
  onProgress({ step: 'Root file system', fraction: 0, detail: `Pulling ${REGISTRY_IMAGE}` });
  if (await pull(docker, signal)) return REGISTRY_IMAGE;
  const detail = 'No registry answers: making it from packages';
  onProgress({ step: 'Root file system', fraction: 0.05, detail });
  await bootstrapRootfs(docker, BOOTSTRAPPED_IMAGE, network, onProgress, signal);
  return BOOTSTRAPPED_IMAGE;
}

/** Pulls Debian's image. False when that is impossible, for whatever reason: there is another way. */
async function pull(docker: Docker, signal: AbortSignal): Promise<boolean> {
  const silence = new AbortController();
  const deadline = setTimeout(() => silence.abort(), REGISTRY_SILENCE_MS);
  const abortSignal = AbortSignal.any([signal, silence.signal]);
  try {
    const messages = (await docker.pull(REGISTRY_IMAGE, { abortSignal })) as Readable;
    for await (const message of readMessages(messages)) {
      if (message.error !== undefined) return false;
      deadline.refresh();
    }
    return true;
  } catch {
    // No registry, no network, no such image: all one here.
    signal.throwIfAborted();
    return false;
  } finally {
    clearTimeout(deadline);
  }
}
