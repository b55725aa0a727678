import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ControlConfig, readControl } from './config-control.ts';
import { readOutbound } from './config-outbound.ts';
import { readProviders, readProviderSilence } from './config-providers.ts';
import { ConfigError, type Environment, parseTokens, readerOf, type Reader } from './config-reader.ts';
import { readRetention, readSnapshotPlace, type SnapshotPlace } from './config-snapshots.ts';
import { AGENT_IDS, type AgentId, agentNames, findAgent } from './domain/coding-agent.ts';
import type { Outbound } from './domain/outbound.ts';
import type { ProviderSettings } from './domain/provider-settings.ts';
import type { RetentionLimits } from './domain/store.ts';

export { ConfigError } from './config-reader.ts';

/** Everything an operator can set. The only module that reads the environment. */
export interface Config extends Outbound, ControlConfig {
  readonly dataDir: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly domain: string;
  /** What URLs show; the listening port when unset. */
  readonly publicPort: number | undefined;
  readonly previewTls: boolean;
  readonly auth: 'on' | 'off';
  /** Tokens from the environment, beside the stored ones. */
  readonly apiTokens: readonly { readonly owner: string; readonly secret: string }[];
  /** Seals what is secret in the database; base64, 32 bytes. One is made and kept in the data directory when unset. */
  readonly secretsKey: string | undefined;
  readonly database: { readonly url: string; readonly token?: string };
  /** An image that replaces the built one. */
  readonly image: string | undefined;
  /** Which coding agents the built image carries. */
  readonly agents: readonly AgentId[];
  readonly dockerSocket: string;
  readonly runtime: string | undefined;
  readonly limits: { readonly memoryBytes: number; readonly cpus: number; readonly pids: number };
  readonly providers: ProviderSettings;
  /** After which a provider that says nothing is given up. */
  readonly providerSilenceSeconds: number;
  readonly snapshots: SnapshotPlace;
  /** How many snapshots are kept. */
  readonly retention: RetentionLimits;
  /** Opens the keys in a backup. */
  readonly backupPassphrase: string | undefined;
  /** `SANDBOXD_*` names nobody reads: most likely misspelt. */
  readonly unknownNames: readonly string[];
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** @throws ConfigError */
export function loadConfig(env: Environment): Config {
  const read = readerOf(env);
  const listen = parseListen(read.text('SANDBOXD_LISTEN') ?? '127.0.0.1:8080');
  const dataDir = resolve(read.text('SANDBOXD_DATA_DIR') ?? defaultDataDir());
  const auth = read.choice('SANDBOXD_AUTH', ['on', 'off'], 'on');
  if (auth === 'off' && !LOOPBACK.has(listen.host)) {
    throw new ConfigError(
      `SANDBOXD_AUTH=off is accepted on loopback listeners only. Set SANDBOXD_LISTEN=127.0.0.1:${listen.port}, or leave authentication on.`,
    );
  }
  const config: Config = {
    dataDir,
    listen,
    domain: read.domain('SANDBOXD_DOMAIN', 'localhost'),
    publicPort: read.optionalInteger('SANDBOXD_PUBLIC_PORT', 1, 65_535),
    previewTls: read.boolean('SANDBOXD_PREVIEW_TLS', false),
    auth,
    apiTokens: parseTokens(read.text('SANDBOXD_API_TOKENS')),
    secretsKey: read.key('SANDBOXD_SECRETS_KEY'),
    database: readDatabase(read, dataDir),
    image: read.text('SANDBOXD_IMAGE'),
    agents: parseAgents(read.text('SANDBOXD_AGENTS')),
    dockerSocket: read.text('SANDBOXD_DOCKER_SOCKET') ?? '/var/run/docker.sock',
    runtime: read.text('SANDBOXD_RUNTIME'),
    limits: {
      memoryBytes: read.bytes('SANDBOXD_MEMORY', '2g'),
      cpus: read.number('SANDBOXD_CPUS', 2, 0.1, 1024),
      pids: read.integer('SANDBOXD_PIDS', 1024, 64, 1_000_000),
    },
    ...readControl(read),
    providers: readProviders(read),
    providerSilenceSeconds: readProviderSilence(read),
    snapshots: readSnapshotPlace(read),
    retention: readRetention(read),
    backupPassphrase: read.text('SANDBOXD_BACKUP_PASSPHRASE'),
    ...readOutbound(read, env),
    unknownNames: [],
  };
  return { ...config, unknownNames: read.unknown() };
}

const defaultDataDir = (): string =>
  process.getuid?.() === 0 ? '/var/lib/sandboxd' : join(homedir(), '.local/share/sandboxd');

function readDatabase(read: Reader, dataDir: string): Config['database'] {
  const url = read.text('SANDBOXD_DATABASE_URL') ?? `file:${join(dataDir, 'sandboxd.db')}`;
  if (!/^(file|libsql|https?|wss?):/.test(url)) {
    throw new ConfigError(
      `SANDBOXD_DATABASE_URL: "${url}" is no address of a libSQL database. Give libsql://…, https://…, or file:/path.`,
    );
  }
  const token = read.text('SANDBOXD_DATABASE_TOKEN');
  return token === undefined ? { url } : { url, token };
}

function parseAgents(text = AGENT_IDS.join()): Config['agents'] {
  if (text === 'none') return [];
  const names = agentNames(text);
  const unknown = names.length === 0 ? text : names.find((name) => findAgent(name) === undefined);
  if (unknown === undefined) return AGENT_IDS.filter((id) => names.includes(id));
  throw new ConfigError(
    `SANDBOXD_AGENTS: "${unknown}" is no coding agent. Give a list of ${AGENT_IDS.join(', ')} with commas between, or none.`,
  );
}

function parseListen(text: string): Config['listen'] {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new ConfigError(`SANDBOXD_LISTEN: "${text}" is not host:port. Give something like 127.0.0.1:8080.`);
  }
  return { host, port };
}
