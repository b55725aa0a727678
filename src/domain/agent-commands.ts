import * as v from 'valibot';
import { type AgentId, CODING_AGENTS, type CodingAgent } from './coding-agent.ts';
import { type CredentialNote, credentialContext } from './credential.ts';
import { isCode, notFound } from './errors.ts';
import type { Ports } from './ports.ts';
import { findProvider, type Provider, PROVIDERS } from './provider.ts';
import { isConnected } from './provider-choice.ts';

/** It goes into a header: what cannot stand there would fail every request. */
export const ApiKey = v.object({
  api_key: v.pipe(
    v.string('must be a string'),
    v.regex(/^[\x21-\x7e]{1,4096}$/, 'must be 1–4096 printable ASCII characters, without spaces'),
  ),
});

export interface AgentOverview {
  readonly agents: readonly { readonly agent: CodingAgent; readonly installed: boolean | undefined }[];
  readonly providers: readonly {
    readonly provider: Provider;
    /** Whether tasks of this owner can use it. */
    readonly connected: boolean;
    /** When the owner set a key, in milliseconds since the epoch. */
    readonly keySetAt: number | undefined;
  }[];
}

/** The agents there are, and how the owner stands with those who serve their models. */
export async function viewAgents(ports: Ports, owner: string): Promise<AgentOverview> {
  const [installed, notes] = await Promise.all([installedAgents(ports), ports.store.credentials.list(owner)]);
  const noteOf = (id: Provider['id']): CredentialNote | undefined =>
    notes.find((note) => note.provider === id);
  return {
    agents: CODING_AGENTS.map((agent) => ({ agent, installed: installed?.has(agent.id) })),
    providers: PROVIDERS.map((provider) => {
      const note = noteOf(provider.id);
      const connected = isConnected(ports.instance.providers, provider.id, note !== undefined);
      return { provider, connected, keySetAt: note?.updatedAt };
    }),
  };
}

/** What the sandboxes' image carries; undefined when no node can be asked. */
async function installedAgents(ports: Ports): Promise<ReadonlySet<AgentId> | undefined> {
  try {
    const nodeId = await ports.nodes.place();
    return new Set(await ports.nodes.client(nodeId).agents());
  } catch (error) {
    if (isCode(error, 'node_unavailable')) return undefined;
    throw error;
  }
}

/** Takes the place of the key there was. Nothing shows it again. @throws not_found for an unknown provider */
export async function setProviderKey(
  ports: Ports,
  owner: string,
  providerId: string,
  { api_key }: v.InferOutput<typeof ApiKey>,
): Promise<void> {
  const { id: provider } = requireProvider(providerId);
  const sealed = await ports.vault.seal(api_key, credentialContext(owner, provider));
  const credential = { owner, provider, sealed, updatedAt: ports.clock() };
  await ports.store.commit({ kind: 'credential.put', credential });
}

/** Forgets the owner's key, if there is one; tasks that run keep the one they began with. @throws not_found */
export async function disconnectProvider(ports: Ports, owner: string, providerId: string): Promise<void> {
  const { id: provider } = requireProvider(providerId);
  await ports.store.commit({ kind: 'credential.delete', owner, provider });
}

function requireProvider(id: string): Provider {
  const provider = findProvider(id);
  if (provider === undefined) throw notFound('provider');
  return provider;
}
