import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DUMMY_KEY, findProvider } from '../../src/domain/provider.ts';
import { writeDurably } from '../durable-file.ts';
import type { Environment } from '../processes/environment.ts';
import type { AgentTurn } from './driver.ts';

/** opencode does not know it: what it needs to be told is which protocol it speaks. */
const CUSTOM_PROVIDER = { name: 'Provider', npm: '@ai-sdk/openai-compatible' };

/**
 * What opencode starts with. It knows most providers by the names we use, with their models, their limits and their
 * dialects, so that only the address has to be told; a model it has not heard of yet is introduced by its name.
 */
export function opencodeEnvironment(turn: AgentTurn): Environment {
  const below = (name: string) => join(turn.stateDirectory, name);
  return {
    XDG_CONFIG_HOME: below('config'),
    XDG_DATA_HOME: below('data'),
    XDG_CACHE_HOME: below('cache'),
    XDG_STATE_HOME: below('state'),
    OPENCODE_CONFIG_CONTENT: JSON.stringify(opencodeConfig(turn)),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_SHARE: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  };
}

function opencodeConfig({ provider, model, providerUrl }: AgentTurn): object {
  // A provider that serves no such model says so, in its own words.
  const chosen = model ?? findProvider(provider)?.defaultModel ?? 'default';
  return {
    autoupdate: false,
    share: 'disabled',
    permission: 'allow',
    model: `${provider}/${chosen}`,
    // Titles of sessions and the like: any other model may not be served.
    small_model: `${provider}/${chosen}`,
    enabled_providers: [provider],
    provider: {
      [provider]: {
        ...(provider === 'openai-compatible' && CUSTOM_PROVIDER),
        options: { baseURL: `${providerUrl}/v1`, apiKey: DUMMY_KEY },
        models: { [chosen]: {} },
      },
    },
  };
}

/** For whoever writes plugins; opencode installs it from the network where its lock file does not name it. */
const PLUGIN_KIT = '@opencode-ai/plugin';

/** Keeps opencode from installing anything at its start: it looks whether it has done so before. */
export async function pretendInstalled({ stateDirectory }: AgentTurn): Promise<void> {
  const directory = join(stateDirectory, 'config', 'opencode');
  await mkdir(join(directory, 'node_modules'), { recursive: true });
  const lock = { packages: { '': { dependencies: { [PLUGIN_KIT]: '*' } } } };
  await writeDurably(directory, 'package-lock.json', JSON.stringify(lock));
}
