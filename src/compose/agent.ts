import { join } from 'node:path';
import { DockerEngine } from '../adapters/docker/engine.ts';
import { createSeal } from '../adapters/crypto/node-seal.ts';
import { connectRuntime } from '../adapters/runtimed/connect.ts';
import { DiskWorkspaces } from '../adapters/workspace/workspaces.ts';
import { readHostMemory } from '../agent/capacity.ts';
import type { AgentPorts } from '../agent/ports.ts';
import type { Config } from '../config.ts';
import { SANDBOX_CA_FILE } from '../domain/engine.ts';
import type { Clock, IdSource } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { Metrics } from '../domain/metrics.ts';
import { outboundEnvironment, outboundOfSandboxes } from '../domain/outbound.ts';
import type { Redactor } from '../domain/redactor.ts';
import { previewSuffix } from '../domain/preview.ts';
import type { StorageMode } from '../domain/workspace.ts';
import type { Identity } from './instance.ts';
import { providerGate } from './provider-gate.ts';

/** Of one process. An engine cannot grant more than it has itself, and one started by hand may have 20 000. */
const OPEN_FILES = 16_384;

/** The node agent's ports on this machine: Docker, its disk, its memory. */
export function agentPorts(
  config: Config,
  identity: Identity,
  rest: Pick<AgentPorts, 'snapshots' | 'route'> & {
    image: string;
    clock: Clock;
    newId: IdSource;
    log: Logger;
    metrics: Metrics;
    redactor: Redactor;
  },
): AgentPorts {
  const engine = new DockerEngine({ socketPath: config.dockerSocket, instance: identity.instanceId });
  return {
    engine,
    workspaces: new DiskWorkspaces({ dataDirectory: config.dataDir, engine, clock: rest.clock }),
    snapshots: rest.snapshots,
    connect: connectRuntime,
    route: rest.route,
    gate: providerGate(config, rest.log),
    seal: createSeal(identity.sealKey),
    hostMemory: readHostMemory,
    defaults: {
      image: rest.image,
      limits: { ...config.limits, openFiles: OPEN_FILES },
      runtime: config.runtime,
      caFile: config.caFile,
      env: sandboxEnvironment(config),
    },
    clock: rest.clock,
    newId: rest.newId,
    log: rest.log,
    metrics: rest.metrics,
    redactor: rest.redactor,
  };
}

/** What programs in a sandbox are told of the world around it: the way out, and the domain visitors come by. */
const sandboxEnvironment = (config: Config): Record<string, string> => ({
  ...outboundEnvironment(outboundOfSandboxes(config), SANDBOX_CA_FILE),
  PREVIEW_DOMAIN: previewSuffix(config.domain).slice(1),
});

/** How this node keeps workspaces. It finds out once, and until then the summary of an installation does not say. */
export const storageModeOf =
  ({ workspaces, engine, defaults, log }: Pick<AgentPorts, 'workspaces' | 'engine' | 'defaults' | 'log'>) =>
  async (): Promise<StorageMode> => {
    try {
      return await workspaces.kind(await engine.imageDigest(defaults.image));
    } catch (error) {
      log.warn('how workspaces are kept could not be found out', { reason: String(error) });
      return 'unknown';
    }
  };

export const nodeDirectory = (config: Config): string => join(config.dataDir, 'node');
