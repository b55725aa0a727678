import type { Config } from '../config.ts';

/** The parts of a configuration that hold secrets, of whichever entry. */
export interface SecretParts
  extends Pick<Config, 'apiTokens' | 'secretsKey' | 'previousSecretsKeys' | 'providers'> {
  readonly database: { readonly token?: string | undefined };
  readonly previewKey?: string;
}

export const secretsIn = (parts: SecretParts): string[] =>
  [
    ...parts.apiTokens.map(({ secret }) => secret),
    parts.secretsKey,
    ...parts.previousSecretsKeys,
    parts.providers.compatibleKey,
    parts.database.token,
    parts.previewKey,
  ].filter((secret) => secret !== undefined);

/** What an operator has configured this server with that must not be told. */
export const configuredSecrets = (config: Config): string[] => [
  ...secretsIn(config),
  ...(config.backupPassphrase === undefined ? [] : [config.backupPassphrase]),
  ...(config.snapshots.kind === 's3' ? [config.snapshots.secretAccessKey] : []),
];
