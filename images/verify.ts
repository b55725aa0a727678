import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { TEMPLATES } from '../src/domain/preset.ts';
import {
  CONTROL_DIRECTORY,
  CONTROL_SOCKET,
  LAYERS_DIRECTORY,
  type RuntimeEnvironment,
  SANDBOX_HOME,
  SANDBOX_UID,
  TEMPLATES_DIRECTORY,
} from '../src/domain/runtimed.ts';

/** A clause of the base-image contract that an image breaks. */
export interface ImageFault {
  /** The clause's number in docs/base-image.md. */
  readonly clause: number;
  /** What was wrong, and what would be right. */
  readonly message: string;
}

const CHECKS = new URL('verify.sh', import.meta.url);
const FAULT = /^fault (\d+) (.+)$/;
/** Starting, and every check; an image that needs longer has its main process hanging. */
const DEADLINE_MS = 60_000;
const MEMORY_BYTES = 2 ** 30;

/**
 * Runs the quick part of the base-image contract in a container confined as every sandbox is, without a network.
 * @returns what is broken, nothing when the image is fit
 * @throws the engine's error when it has no such image or cannot run it; the signal's reason when that aborts
 */
export async function verifyImage(
  docker: Docker,
  image: string,
  signal: AbortSignal,
): Promise<readonly ImageFault[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    const container = await docker.createContainer({ ...confined(image), abortSignal: deadline });
    try {
      await container.start({ abortSignal: deadline });
      return parseFaults(await runChecks(container, deadline));
    } finally {
      await container.remove({ force: true, v: true });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return [hanging];
    const { statusCode, json } = error as EngineRefusal;
    if (statusCode === undefined || json?.message?.startsWith('No such image')) throw error;
    // The engine makes containers of sound images: what it refuses here is this one's main process.
    return [{ clause: 1, message: `its main process does not run (it must be runtimed): ${json?.message}` }];
  }
}

const hanging: ImageFault = {
  clause: 1,
  message: `it does not come up, or its login shell does not answer, within ${DEADLINE_MS / 1000} seconds`,
};

interface EngineRefusal {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
}

/** The faults a run of the checks printed. A run that was cut off is a fault itself. */
export function parseFaults(output: string): readonly ImageFault[] {
  const lines = output.split(/\r?\n/);
  const faults = lines.flatMap((line) => {
    const [, clause, message] = FAULT.exec(line) ?? [];
    return message === undefined ? [] : [{ clause: Number(clause), message }];
  });
  if (lines.includes('checked')) return faults;
  return [
    ...faults,
    { clause: 7, message: `the checks could not run in its bash: ${output.trim().slice(-500)}` },
  ];
}

function confined(image: string): Docker.ContainerCreateOptions {
  const environment: RuntimeEnvironment = {
    SANDBOXD_SANDBOX_ID: '00000000000000000000000000',
    SANDBOXD_TEMPLATE: 'blank',
    SANDBOXD_PRESET: 'worker',
  };
  const owned = `rw,exec,nosuid,nodev,uid=${SANDBOX_UID},gid=${SANDBOX_UID},mode=700`;
  return {
    Image: image,
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: { 'sandboxd.verify': image },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: MEMORY_BYTES,
      PidsLimit: 256,
      Init: true,
      Tmpfs: {
        '/tmp': 'rw,mode=1777',
        '/var/tmp': 'rw,mode=1777',
        [SANDBOX_HOME]: owned,
        [CONTROL_DIRECTORY]: owned,
      },
    },
  };
}

async function runChecks(container: Docker.Container, abortSignal: AbortSignal): Promise<string> {
  const script = await readFile(CHECKS, 'utf8');
  const where = [
    SANDBOX_HOME,
    `${CONTROL_DIRECTORY}/${CONTROL_SOCKET}`,
    TEMPLATES_DIRECTORY,
    LAYERS_DIRECTORY,
  ];
  const exec = await container.exec({
    Cmd: ['bash', '-lc', script, 'verify', ...where, ...TEMPLATES],
    AttachStdout: true,
    AttachStderr: true,
    // With a terminal, both outputs come as one plain stream.
    Tty: true,
    abortSignal,
  });
  return await text(await exec.start({ Tty: true, abortSignal }));
}
