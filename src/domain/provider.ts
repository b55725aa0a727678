/** Who serves the models. `openai-compatible` is whatever service of that kind the operator names. */
export const PROVIDER_IDS = ['anthropic', 'openai', 'opencode', 'openai-compatible'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

export interface Provider {
  readonly id: ProviderId;
  readonly label: string;
  /** Where its API begins, `/v1` included; undefined where only the operator knows. */
  readonly baseUrl: string | undefined;
  /** The header that carries a key. */
  readonly keyHeader: 'authorization' | 'x-api-key';
  /** What is asked of it when neither the task nor the operator names a model; undefined where there is no telling. */
  readonly defaultModel: string | undefined;
}

export const PROVIDERS: readonly Provider[] = [
  {
    id: 'anthropic',
    label: 'Anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    keyHeader: 'x-api-key',
    defaultModel: 'claude-sonnet-5-5',
  },
  {
    id: 'openai',
    label: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    keyHeader: 'authorization',
    defaultModel: 'gpt-6.1-sol',
  },
  {
    id: 'opencode',
    label: 'opencode Zen',
    baseUrl: 'https://opencode.ai/zen/v1',
    keyHeader: 'authorization',
    defaultModel: 'claude-sonnet-4-6',
  },
  {
    id: 'openai-compatible',
    label: 'OpenAI-compatible',
    baseUrl: undefined,
    keyHeader: 'authorization',
    defaultModel: undefined,
  },
];

export const findProvider = (id: string): Provider | undefined =>
  PROVIDERS.find((provider) => provider.id === id);

/** Where a task's requests to its provider go, and what they are let in with. Known to the node alone. */
export interface Upstream {
  readonly provider: ProviderId;
  /** An http(s) URL, `/v1` included. */
  readonly baseUrl: string;
  readonly keyHeader: Provider['keyHeader'];
  /** Absent for a service that asks for none. */
  readonly key?: string;
}

/** What an agent is given in place of a key. */
export const DUMMY_KEY = 'sandboxd-proxy-injected';
