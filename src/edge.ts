import { createVerifier } from './adapters/channel/token.ts';
import { scryptHasher } from './adapters/crypto/password.ts';
import { secretBox } from './adapters/crypto/secret-box.ts';
import { migrateRemoteStore, openRemoteStore, type RemoteOptions } from './adapters/libsql/remote.ts';
import { edgeWebhookSender } from './adapters/webhooks/edge-sender.ts';
import { isPublicAddress } from './adapters/webhooks/public-address.ts';
import { createApp } from './app.ts';
import { type EdgeConfig, loadEdgeConfig } from './compose/edge-config.ts';
import { edgeLogger } from './compose/edge-logger.ts';
import { sendDueWebhooks } from './compose/webhooks.ts';
import { API_AUDIENCE } from './domain/channel.ts';
import { SandboxdError } from './domain/errors.ts';
import { systemClock, ulidSource } from './domain/ids.ts';
import { noMetrics, noMetricsPage } from './domain/metrics.ts';
import type { NodeDirectory } from './domain/node.ts';
import { pause } from './domain/pause.ts';
import type { Ports } from './domain/ports.ts';
import { redactingVault } from './domain/redacting-vault.ts';
import { createRedactor } from './domain/redactor.ts';
import { upkeep } from './domain/upkeep.ts';
import { edgePeer } from './routes/peer.ts';

/** Set by the build. */
declare const SANDBOXD_VERSION: string;

/** As wrangler.toml has it. */
const UPKEEP_CRON = '23 * * * *';
/** How long one round of webhooks begins new attempts, and what is under way may take: less than until the next one. */
const WEBHOOKS_MS = 50_000;
/** How long one round of upkeep begins new steps. */
const UPKEEP_MS = 20_000;

type Bindings = Readonly<Record<string, string | undefined>>;

/**
 * What outlives a request is plain data. A client, a pending promise or anything else that is bound to the request it
 * was made in would hang the next one.
 */
const newId = ulidSource(systemClock);
/** What it has learned, and how it writes before the configuration is known. */
const redactor = createRedactor();
const firstLog = edgeLogger({ level: 'info', redactor });
let known: { readonly bindings: Bindings; readonly config: EdgeConfig } | undefined;
let migrated: string | undefined;

/** No node is enrolled with this API yet: it has nobody's key, and nobody to command. */
const channel = createVerifier(API_AUDIENCE, async () => undefined, systemClock);
const nodes: NodeDirectory = {
  client: () => {
    throw noNode();
  },
  all: async () => [],
  place: async () => {
    throw noNode();
  },
};
const noNode = () => new SandboxdError('node_unavailable', 'No node is enrolled with this API.');

const app = createApp((c) => portsOf(c.env as Bindings), edgePeer);

async function portsOf(bindings: Bindings): Promise<Ports> {
  const { database, instance, secretsKey, control } = await configOf(bindings);
  const store = openRemoteStore({ ...database, ready: () => migrateOnce(database) });
  const box = secretBox({ current: secretsKey, previous: control.previousSecretsKeys });
  const vault = redactingVault(box, redactor);
  return {
    store,
    nodes,
    channel,
    vault,
    passwords: scryptHasher,
    webhookSender: edgeWebhookSender(control.webhooksToPrivate ? () => true : isPublicAddress),
    metrics: noMetrics,
    metricsPage: noMetricsPage,
    clock: systemClock,
    pause,
    newId,
    log: edgeLogger({ level: control.logLevel, redactor }),
    redactor,
    instance,
  };
}

async function configOf(bindings: Bindings): Promise<EdgeConfig> {
  if (known?.bindings !== bindings) known = { bindings, config: await readConfig(bindings) };
  return known.config;
}

/** @throws unavailable when the Worker is not configured; its log says what is missing */
async function readConfig(bindings: Bindings): Promise<EdgeConfig> {
  try {
    const config = await loadEdgeConfig(bindings, SANDBOXD_VERSION);
    redactor.keep(config.secrets);
    if (config.unknownNames.length > 0) {
      firstLog.warn('variables that nobody reads', { names: config.unknownNames.join(', ') });
    }
    return config;
  } catch (error) {
    firstLog.error('the Worker is not configured', error);
    throw new SandboxdError('unavailable', 'This API is not configured yet.', { cause: error });
  }
}

/** Requests that come first may do it side by side: the database lets one of them. */
async function migrateOnce(database: RemoteOptions): Promise<void> {
  if (migrated === database.url) return;
  await migrateRemoteStore(database);
  migrated = database.url;
}

/**
 * By the times in wrangler.toml: upkeep every hour, webhooks every minute. What is not done when its time is over is left to the
 * next.
 */
async function scheduled({ cron }: { readonly cron: string }, bindings: Bindings): Promise<void> {
  const ports = await portsOf(bindings);
  if (cron === UPKEEP_CRON) await upkeep(ports, AbortSignal.timeout(UPKEEP_MS));
  else await sendDueWebhooks(ports, AbortSignal.timeout(WEBHOOKS_MS));
}

export default { fetch: app.fetch, scheduled };
