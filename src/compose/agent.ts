import { join } from 'node:path';
import { DockerEngine } from '../adapters/docker/engine.ts';
import { connectRuntime } from '../adapters/runtimed/connect.ts';
import { DiskWorkspaces } from '../adapters/workspace/workspaces.ts';
import { readHostMemory } from '../agent/capacity.ts';
import type { AgentPorts } from '../agent/ports.ts';
import type { Config } from '../config.ts';
import { SANDBOX_CA_FILE } from '../domain/engine.ts';
import type { Clock, IdSource } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import { previewSuffix } from '../domain/preview.ts';
import type { Identity } from './instance.ts';

/** Of one process. An engine cannot grant more than it has itself, and one started by hand may have 20 000. */
const OPEN_FILES = 16_384;

/** The node agent's ports on this machine: Docker, its disk, its memory. */
export function agentPorts(
  config: Config,
  identity: Identity,
  rest: { image: string; route: AgentPorts['route']; clock: Clock; newId: IdSource; log: Logger },
): AgentPorts {
  const engine = new DockerEngine({ socketPath: config.dockerSocket, instance: identity.instanceId });
  return {
    engine,
    workspaces: new DiskWorkspaces({ dataDirectory: config.dataDir, engine, clock: rest.clock }),
    connect: connectRuntime,
    route: rest.route,
    hostMemory: readHostMemory,
    defaults: {
      image: rest.image,
      limits: { ...config.limits, openFiles: OPEN_FILES },
      runtime: config.runtime,
      caFile: config.caFile,
      env: { ...sandboxEnvironment(config), PREVIEW_DOMAIN: previewSuffix(config.domain).slice(1) },
    },
    clock: rest.clock,
    newId: rest.newId,
    log: rest.log,
  };
}

/** Every tool has its own name for the file of trusted certificates. */
const CA_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'CURL_CA_BUNDLE',
  'npm_config_cafile',
  'pnpm_config_cafile',
] as const;

/** What programs in a sandbox need to reach the internet from behind this machine's proxy, registry and certificates. */
function sandboxEnvironment({ outboundProxy, npmRegistry, caFile }: Config): Record<string, string> {
  const { http, https, none } = outboundProxy;
  const trust = caFile === undefined ? [] : CA_VARIABLES.map((name) => [name, SANDBOX_CA_FILE] as const);
  return {
    ...Object.fromEntries(trust),
    ...(http && { HTTP_PROXY: http, http_proxy: http }),
    ...(https && { HTTPS_PROXY: https, https_proxy: https }),
    ...(none && { NO_PROXY: none, no_proxy: none }),
    ...(npmRegistry && { npm_config_registry: npmRegistry, pnpm_config_registry: npmRegistry }),
  };
}

export const nodeDirectory = (config: Config): string => join(config.dataDir, 'node');
