import { type ProviderId, type Upstream, findProvider } from './provider.ts';

/** A model, and who serves it. */
export interface ModelChoice {
  readonly provider: ProviderId;
  /** As the provider calls it. */
  readonly model: string;
}

/** What the operator says of the providers, for all owners. */
export interface ProviderSettings {
  /** Where a provider's API begins, `/v1` included, in place of its own address. */
  readonly baseUrls: Readonly<Partial<Record<ProviderId, string>>>;
  /** What the OpenAI-compatible service lets everybody in with who has no key of their own. */
  readonly compatibleKey: string | undefined;
  /** What opencode uses for tasks that name no model. */
  readonly defaultModel: ModelChoice | undefined;
}

/**
 * How a provider is reached, or undefined for one whose address only the operator knows and has not named.
 * @param key the owner's
 */
export function upstreamOf(
  settings: ProviderSettings,
  id: ProviderId,
  key: string | undefined,
): Upstream | undefined {
  const provider = findProvider(id);
  const baseUrl = settings.baseUrls[id] ?? provider?.baseUrl;
  if (provider === undefined || baseUrl === undefined) return undefined;
  const admitting = key ?? (id === 'openai-compatible' ? settings.compatibleKey : undefined);
  return {
    provider: id,
    baseUrl,
    keyHeader: provider.keyHeader,
    ...(admitting !== undefined && { key: admitting }),
  };
}
