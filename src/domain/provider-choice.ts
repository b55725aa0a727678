import type { CodingAgent } from './coding-agent.ts';
import { credentialContext } from './credential.ts';
import { invalid } from './errors.ts';
import type { Ports } from './ports.ts';
import { findProvider, PROVIDER_IDS, type ProviderId, type Upstream } from './provider.ts';
import { type ProviderSettings, upstreamOf } from './provider-settings.ts';

/** Who serves the models of a task, which one is asked for, and the way there. */
export interface ProviderChoice {
  readonly provider: ProviderId;
  /** As the provider calls it; undefined where the agent has a choice of its own. */
  readonly model: string | undefined;
  readonly upstream: Upstream;
}

/** The agent that names no model of its own when none is given to it. */
const NEEDS_MODEL = 'opencode';

/**
 * The provider of a task: the one its model names, else the operator's for opencode, else the first that the agent can
 * talk to; the latter two only where the owner can use them.
 * @param model `provider/model`, or a model as the provider calls it, which may have slashes too
 * @throws invalid_request when no provider can be used, or none can tell which model is meant
 */
export async function chooseProvider(
  ports: Ports,
  owner: string,
  agent: CodingAgent,
  model: string | undefined,
): Promise<ProviderChoice> {
  const { providers: settings } = ports.instance;
  const named = namedProvider(agent, model);
  const general = agent.id === NEEDS_MODEL ? settings.defaultModel : undefined;
  const candidates = named ? [named.provider] : [...(general ? [general.provider] : []), ...agent.providers];
  const owned = new Set((await ports.store.credentials.list(owner)).map(({ provider }) => provider));
  const provider = candidates.find((id) => isConnected(settings, id, owned.has(id)));
  if (provider === undefined) throw noProvider(settings, agent, candidates);
  const upstream = upstreamOf(settings, provider, await keyOf(ports, owner, provider));
  if (upstream === undefined) throw noProvider(settings, agent, candidates);
  const fallback = general?.provider === provider ? general.model : findProvider(provider)?.defaultModel;
  const chosen = named?.model ?? model ?? (agent.id === NEEDS_MODEL ? fallback : undefined);
  if (chosen === undefined && agent.id === NEEDS_MODEL) throw noModel(agent, provider);
  return { provider, model: chosen, upstream };
}

/** Whether tasks can use a provider: its address is known, and it has a key or wants none. */
export const isConnected = (settings: ProviderSettings, id: ProviderId, hasKey: boolean): boolean =>
  isLocated(settings, id) && (hasKey || id === 'openai-compatible');

const isLocated = (settings: ProviderSettings, id: ProviderId): boolean =>
  upstreamOf(settings, id, undefined) !== undefined;

/** A prefix that the agent cannot talk to is part of a model's name. */
function namedProvider(agent: CodingAgent, model = ''): { provider: ProviderId; model: string } | undefined {
  const provider = PROVIDER_IDS.find((id) => model.startsWith(`${id}/`) && model.length > id.length + 1);
  if (provider === undefined || !agent.providers.includes(provider)) return undefined;
  return { provider, model: model.slice(provider.length + 1) };
}

async function keyOf(ports: Ports, owner: string, provider: ProviderId): Promise<string | undefined> {
  const credential = await ports.store.credentials.find(owner, provider);
  return credential && ports.vault.open(credential.sealed, credentialContext(owner, provider));
}

function noProvider(settings: ProviderSettings, agent: CodingAgent, candidates: readonly ProviderId[]) {
  const lacking = [...new Set(candidates)].filter((id) => isLocated(settings, id));
  const [only, ...more] = lacking;
  if (only === undefined) {
    return invalid(
      'model: nobody has told this server where the OpenAI-compatible service is. Its operator can, with SANDBOXD_OPENAI_COMPATIBLE_URL.',
    );
  }
  const [which, path] = more.length === 0 ? [only, only] : [`one of ${lacking.join(', ')}`, '{provider}'];
  return invalid(
    `agent: ${agent.id} needs a key for ${which}; set one with POST /v1/agents/${path}/api-key.`,
  );
}

const noModel = (agent: CodingAgent, provider: ProviderId) =>
  invalid(
    `model: name one, as ${provider} has none that ${agent.id} could take by default. The operator can set one for all with SANDBOXD_MODEL.`,
  );
