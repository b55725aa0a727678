import type { RemoteOptions } from '../adapters/libsql/remote.ts';
import { readProviders } from '../config-providers.ts';
import { ConfigError, type Environment, parseTokens, readerOf } from '../config-reader.ts';
import type { Instance } from '../domain/ports.ts';
import type { ProviderSettings } from '../domain/provider-settings.ts';
import { configuredTokens } from './configured-tokens.ts';

export interface EdgeConfig {
  readonly database: RemoteOptions;
  readonly instance: Instance;
  readonly providers: ProviderSettings;
  /** `SANDBOXD_*` names nobody reads: most likely misspelt. */
  readonly unknownNames: readonly string[];
}

/**
 * What a Worker's variables and secrets say. A Worker is public, so authentication is always on, and what the Node
 * entry keeps in its data directory must be given.
 * @throws ConfigError
 */
export async function loadEdgeConfig(env: Environment, version: string): Promise<EdgeConfig> {
  const read = readerOf(env);
  const required = (name: string, example: string): string => {
    const value = read.text(name);
    if (value !== undefined) return value;
    throw new ConfigError(`${name} is not set. Give it as a variable or secret of the Worker: ${example}.`);
  };
  required('SANDBOXD_DOMAIN', 'the domain below which previews live, like apps.example.com');
  const tls = read.boolean('SANDBOXD_PREVIEW_TLS', true);
  const instance: Instance = {
    version,
    addressing: {
      domain: read.domain('SANDBOXD_DOMAIN', ''),
      publicPort: read.integer('SANDBOXD_PUBLIC_PORT', tls ? 443 : 80, 1, 65_535),
      tls,
    },
    auth: 'on',
    configuredTokens: await configuredTokens(parseTokens(read.text('SANDBOXD_API_TOKENS'))),
    policy: {
      idleEnabled: read.boolean('SANDBOXD_IDLE_ENABLED', true),
      idleSeconds: read.integer('SANDBOXD_IDLE_SECONDS', 2100, 60, 86_400),
    },
    previewKey: parseKey(required('SANDBOXD_PREVIEW_KEY', 'what "openssl rand -base64 32" prints')),
  };
  const url = required('SANDBOXD_DATABASE_URL', 'like libsql://name.example.com');
  const database = { url, token: read.text('SANDBOXD_DATABASE_TOKEN') };
  const providers = readProviders(read);
  return { database, instance, providers, unknownNames: read.unknown() };
}

function parseKey(text: string): string {
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return text;
  throw new ConfigError(
    'SANDBOXD_PREVIEW_KEY is not 32 bytes in base64. Make one with "openssl rand -base64 32".',
  );
}
