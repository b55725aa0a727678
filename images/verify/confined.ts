import type Docker from 'dockerode';
import { programEnvironment } from '../../runtimed/processes/environment.ts';
import {
  CONTROL_DIRECTORY,
  PROVIDER_DIRECTORY,
  SANDBOX_HOME,
  SANDBOX_UID,
} from '../../src/domain/runtimed.ts';

/** What of a container differs from check to check. */
export interface Confinement {
  /** Replaces the image's own main process. */
  readonly command?: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export interface ConfinedContainer extends AsyncDisposable {
  readonly container: Docker.Container;
  /** Everything it has printed until now. */
  output(): Promise<string>;
}

const MEMORY_BYTES = 2 ** 30;
const OWNED = `rw,exec,nosuid,nodev,uid=${SANDBOX_UID},gid=${SANDBOX_UID},mode=700`;

/** A container confined as every sandbox is, without a network; not started, and gone when it is disposed. */
export async function createConfined(
  docker: Docker,
  image: string,
  confinement: Confinement,
  abortSignal: AbortSignal,
): Promise<ConfinedContainer> {
  const container = await docker.createContainer({ ...options(image, confinement), abortSignal });
  return {
    container,
    output: async () => plain(await container.logs({ stdout: true, stderr: true, abortSignal })),
    async [Symbol.asyncDispose]() {
      await container.remove({ force: true, v: true });
    },
  };
}

function options(image: string, { command, env }: Confinement): Docker.ContainerCreateOptions {
  return {
    Image: image,
    // In nobody's home: a login shell that goes there shows.
    ...(command && { Entrypoint: command.slice(0, 1), Cmd: command.slice(1), WorkingDir: '/tmp' }),
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { 'sandboxd.verify': image },
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: MEMORY_BYTES,
      PidsLimit: 256,
      Init: true,
      LogConfig: { Type: 'json-file', Config: {} },
      Tmpfs: {
        '/tmp': 'rw,mode=1777',
        '/var/tmp': 'rw,mode=1777',
        [SANDBOX_HOME]: OWNED,
        [CONTROL_DIRECTORY]: OWNED,
        [PROVIDER_DIRECTORY]: 'ro,nosuid,nodev,mode=755',
      },
    },
  };
}

const FRAME_HEADER = 8;

/** Both outputs as one text: the engine puts a header before every piece, with its length in the end. */
function plain(frames: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER <= frames.length; ) {
    const end = at + FRAME_HEADER + frames.readUInt32BE(at + 4);
    pieces.push(frames.subarray(at + FRAME_HEADER, end));
    at = end;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The variables of an image, and those that programs of a sandbox have on top. */
export function environments(image: Docker.ImageInspectInfo): {
  readonly own: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<string, string>>;
} {
  const own = Object.fromEntries(
    (image.Config.Env ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)] as const;
    }),
  );
  return { own, programs: programEnvironment(own, SANDBOX_HOME) };
}
