import type { ContainerCreateOptions } from 'dockerode';
import { SANDBOX_UID } from '../../domain/runtimed.ts';
import { CONFINEMENT, HOSTNAME } from './container-options.ts';
import { HOLDER_LABEL, INSTANCE_LABEL, type Names } from './names.ts';

/** `sleep` needs next to nothing of these. What sets a container up counts against them, too, and takes far more. */
const MEMORY_BYTES = 64 * 1024 ** 2;
const PIDS = 64;

/** As confined as a sandbox, and with nothing of one: no files, no environment but the image's. */
export function holderOptions(names: Names, image: string, networkId: string): ContainerCreateOptions {
  return {
    name: names.holder(),
    Image: image,
    Entrypoint: ['sleep', 'infinity'],
    Cmd: [],
    // As the first process it ignores SIGTERM: an engine that shuts down would wait for it in vain.
    StopSignal: 'SIGKILL',
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Hostname: HOSTNAME,
    Healthcheck: { Test: ['NONE'] },
    Labels: { [INSTANCE_LABEL]: names.instance, [HOLDER_LABEL]: '' },
    HostConfig: {
      NetworkMode: networkId,
      ...CONFINEMENT,
      Memory: MEMORY_BYTES,
      MemorySwap: MEMORY_BYTES,
      PidsLimit: PIDS,
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}
