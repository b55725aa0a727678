import { createNodeClient } from '../adapters/channel/node-client.ts';
import { createSigner, createVerifier } from '../adapters/channel/token.ts';
import { createAgentApp } from '../agent/routes.ts';
import type { NodeAgent } from '../agent/agent.ts';
import { API_AUDIENCE } from '../domain/channel.ts';
import { SandboxdError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { NodeDirectory } from '../domain/node.ts';
import type { Identity } from './instance.ts';

/** Only its path matters: a request in the same process goes nowhere. */
const IN_PROCESS = 'http://in-process.internal';

/** The one node of a single-node installation: reached by a function call, through the channel's authentication. */
export function localNode(agent: NodeAgent, identity: Identity, clock: Clock, log: Logger): NodeDirectory {
  const { nodeId, apiKeys } = identity;
  const keyOf = async (issuer: string) => (issuer === API_AUDIENCE ? apiKeys.publicKey : undefined);
  const app = createAgentApp(agent, createVerifier(nodeId, keyOf, clock), log);
  const client = createNodeClient({
    nodeId,
    baseUrl: IN_PROCESS,
    transport: async (request) => app.fetch(request),
    signer: createSigner(API_AUDIENCE, apiKeys.privateKey, clock),
  });
  return {
    client: (id) => {
      if (id === nodeId) return client;
      throw new SandboxdError(
        'node_unavailable',
        'The sandbox lives on a node that is not part of this server.',
      );
    },
    all: async () => [nodeId],
    place: async (holder = nodeId) => {
      if (holder === nodeId) return nodeId;
      throw new SandboxdError(
        'node_unavailable',
        'The snapshot is kept on a node that is not part of this server.',
      );
    },
  };
}

export { IN_PROCESS };
