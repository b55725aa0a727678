import { API_AUDIENCE, type ChannelSigner } from '../../domain/channel.ts';
import { fromEnvelope, SandboxdError } from '../../domain/errors.ts';
import type { SyncAnswer, SyncRequest } from '../../domain/node.ts';
import type { Transport } from './node-client.ts';

const SYNC_TIMEOUT_MS = 30_000;

/** A node's client of the API's sync route. @throws node_unavailable and the like when the API is out of reach */
export function createSyncClient(to: {
  readonly nodeId: string;
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly signer: ChannelSigner;
}): (request: SyncRequest) => Promise<SyncAnswer> {
  const url = new URL(`/internal/v1/nodes/${to.nodeId}/sync`, to.baseUrl);
  return async (heard) => {
    const body = new TextEncoder().encode(JSON.stringify(heard));
    const token = await to.signer.sign({ method: 'POST', path: url.pathname, body }, API_AUDIENCE);
    const headers = { authorization: `Bearer ${token}` };
    const request = new Request(url, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(SYNC_TIMEOUT_MS),
    });
    let response: Response;
    try {
      response = await to.transport(request);
    } catch (cause) {
      throw new SandboxdError('unavailable', 'The API does not answer.', { cause });
    }
    if (!response.ok) throw fromEnvelope(await response.json().catch(() => null), 'unavailable');
    return (await response.json()) as SyncAnswer;
  };
}
