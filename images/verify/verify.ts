import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import {
  AGENT_IDS,
  agentNames,
  AGENTS_LABEL,
  CODING_AGENTS,
  findAgent,
} from '../../src/domain/coding-agent.ts';
import { GENERATED_DIRECTORIES } from '../../src/domain/paths.ts';
import { TEMPLATES } from '../../src/domain/preset.ts';
import type { ImageFault } from './fault.ts';
import { checkInLoginShell } from './login-shell.ts';
import { checkSupervisor } from './supervisor.ts';

type Check = (
  docker: Docker,
  image: Docker.ImageInspectInfo,
  abortSignal: AbortSignal,
) => Promise<readonly ImageFault[]>;

const CHECKS = new URL('.', import.meta.url);
/** Either check takes a second; one that needs longer than this hangs. */
const DEADLINE_MS = 60_000;

/**
 * Checks an image against the base-image contract, in two containers confined as every sandbox is, without a network.
 * @returns what is broken, by clause; nothing when the image is fit
 * @throws the engine's error when it has no such image or does not answer; the signal's reason when that aborts
 */
export async function verifyImage(
  docker: Docker,
  reference: string,
  signal: AbortSignal,
): Promise<readonly ImageFault[]> {
  const image = await docker.getImage(reference).inspect();
  const run = (check: Check, failure: ImageFault) => runCheck(check, failure, { docker, image, signal });
  const checks = [
    run(checkSupervisor, { clause: 1, message: 'the main process does not run' }),
    run(checkInLoginShell, { clause: 7, message: 'a login shell ("bash -lc") does not run' }),
  ];
  // Also where one of them fails: the other takes its container away before it ends.
  await Promise.allSettled(checks);
  const faults = await Promise.all(checks);
  const found = [...faults.flat(), ...volumes(image), ...unknownAgents(image)].toSorted(
    (a, b) => a.clause - b.clause,
  );
  const { Arch } = await docker.version();
  // Where the machine emulates others, it runs all the same.
  return found.length > 0 && image.Architecture !== Arch ? [foreign(image.Architecture, Arch)] : found;
}

const foreign = (made: string, needed: string): ImageFault => ({
  clause: 1,
  message: `the main process cannot run: the image is for ${made}, this machine is ${needed}. Build it with --platform linux/${needed}`,
});

/** Changes with what is checked: a verdict holds for one version of the checks. */
export async function verifyVersion(): Promise<string> {
  const hash = createHash('sha256').update(
    JSON.stringify([TEMPLATES, [...GENERATED_DIRECTORIES], CODING_AGENTS]),
  );
  const files = (await readdir(CHECKS)).filter((name) => !name.includes('.test.'));
  for (const name of files.toSorted()) hash.update(await readFile(new URL(name, CHECKS)));
  return hash.digest('hex').slice(0, 12);
}

interface Subject {
  readonly docker: Docker;
  readonly image: Docker.ImageInspectInfo;
  readonly signal: AbortSignal;
}

/** @param failure what it means that the engine cannot run the check's container, or that this never ends */
async function runCheck(
  check: Check,
  failure: ImageFault,
  { docker, image, signal }: Subject,
): Promise<readonly ImageFault[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  const because = (why: string) => [{ ...failure, message: `${failure.message}: ${why}` }];
  try {
    return await check(docker, image, deadline);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return because(`it hangs for ${DEADLINE_MS / 1000} seconds`);
    const { statusCode, json } = error as { statusCode?: number; json?: { message?: string } | null };
    if (statusCode === undefined) throw error;
    // The engine makes containers of sound images: what it refuses here is this image's.
    return because(json?.message ?? `the engine refuses it (${statusCode})`);
  }
}

/** A volume is a place to write to that neither the workspace nor its limits know, and that every sleep empties. */
const volumes = ({ Config }: Docker.ImageInspectInfo): ImageFault[] =>
  Object.keys(Config.Volumes ?? {}).map((path) => ({
    clause: 6,
    message: `it declares the volume ${path}, and the root file system must be read-only: remove VOLUME`,
  }));

const unknownAgents = ({ Config }: Docker.ImageInspectInfo): ImageFault[] =>
  agentNames(Config.Labels?.[AGENTS_LABEL] ?? '')
    .filter((name) => findAgent(name) === undefined)
    .map((name) => ({
      clause: 8,
      message: `the label ${AGENTS_LABEL} offers "${name}"; it may name ${AGENT_IDS.join(', ')}`,
    }));
