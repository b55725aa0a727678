import type { RemoteOptions } from '../adapters/libsql/remote.ts';
import { type ControlConfig, readControl } from '../config-control.ts';
import { readProviders } from '../config-providers.ts';
import { ConfigError, type Environment, parseTokens, readerOf } from '../config-reader.ts';
import { readRetention } from '../config-snapshots.ts';
import type { Instance } from '../domain/ports.ts';
import { secretsIn } from './configured-secrets.ts';
import { configuredTokens } from './configured-tokens.ts';

export interface EdgeConfig {
  readonly database: RemoteOptions;
  readonly instance: Instance;
  readonly control: ControlConfig;
  /** Seals what is secret in the database; base64, 32 bytes. */
  readonly secretsKey: string;
  /** Every secret among them. */
  readonly secrets: readonly string[];
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
  const required = (name: string, example: string) => read.text(name) ?? missing(name, example);
  const key = (name: string) => read.key(name) ?? missing(name, 'what "openssl rand -base64 32" prints');
  required('SANDBOXD_DOMAIN', 'the domain below which previews live, like apps.example.com');
  const tls = read.boolean('SANDBOXD_PREVIEW_TLS', true);
  const control = readControl(read);
  const apiTokens = parseTokens(read.text('SANDBOXD_API_TOKENS'));
  const instance: Instance = {
    version,
    addressing: {
      domain: read.domain('SANDBOXD_DOMAIN', ''),
      publicPort: read.integer('SANDBOXD_PUBLIC_PORT', tls ? 443 : 80, 1, 65_535),
      tls,
    },
    auth: 'on',
    configuredTokens: await configuredTokens(apiTokens),
    lifecycle: control.lifecycle,
    operators: control.operators,
    eventRetentionDays: control.eventRetentionDays,
    storageMode: async () => 'unknown',
    baseImage: read.text('SANDBOXD_IMAGE') ?? 'built by each node',
    providers: readProviders(read),
    retention: readRetention(read),
    previewKey: key('SANDBOXD_PREVIEW_KEY'),
  };
  const url = required('SANDBOXD_DATABASE_URL', 'like libsql://name.example.com');
  const database = { url, token: read.text('SANDBOXD_DATABASE_TOKEN') };
  const secretsKey = key('SANDBOXD_SECRETS_KEY');
  const { providers, previewKey } = instance;
  const secrets = secretsIn({ ...control, apiTokens, secretsKey, providers, database, previewKey });
  return { database, instance, control, secretsKey, secrets, unknownNames: read.unknown() };
}

function missing(name: string, example: string): never {
  throw new ConfigError(`${name} is not set. Give it as a variable or secret of the Worker: ${example}.`);
}
