import { createSyncClient } from '../adapters/channel/api-client.ts';
import { createSigner, createVerifier } from '../adapters/channel/token.ts';
import { nativeHasher } from '../adapters/crypto/native-password.ts';
import type { NodeAgent } from '../agent/agent.ts';
import type { AgentPorts } from '../agent/ports.ts';
import { type RunningAgent, startAgent } from '../agent/start.ts';
import { createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { API_AUDIENCE } from '../domain/channel.ts';
import { countedStore } from '../domain/counted-store.ts';
import { type IdSource, systemClock, ulidSource } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { Metrics, MetricsPage } from '../domain/metrics.ts';
import { pause } from '../domain/pause.ts';
import type { Instance, Ports } from '../domain/ports.ts';
import type { PreviewAddressing } from '../domain/preview.ts';
import { redactingVault } from '../domain/redacting-vault.ts';
import type { Redactor } from '../domain/redactor.ts';
import { lifecycleOf, policyOf } from '../domain/settings.ts';
import type { Store } from '../domain/store.ts';
import type { WebhookSender } from '../domain/webhook.ts';
import { proxiedPeer } from '../routes/peer.ts';
import { addressingOf, consoleOrigins, freePort } from './addressing.ts';
import { clearSpools } from '../backup/spool.ts';
import { clearStaging } from '../backup/staging.ts';
import { adminActions } from './admin.ts';
import { agentPorts, nodeDirectory, storageModeOf } from './agent.ts';
import { IN_PROCESS, localNode } from './api.ts';
import { claimDataDirectory, claimInstance } from './claim.ts';
import { configuredTokens } from './configured-tokens.ts';
import { type Identity, loadIdentity } from './instance.ts';
import { openFronts } from './fronts.ts';
import { serverMetrics } from './metrics.ts';
import { RouteSink } from './route-sink.ts';
import { openKeyRing } from './secrets.ts';
import { snapshotStore } from './snapshots.ts';
import { openStore } from './store.ts';
import { startUpkeep } from './upkeep.ts';
import { readVersion } from './version.ts';
import { nodeWebhookSender } from './webhook-sender.ts';
import { WebhookLoop } from './webhooks.ts';

export interface ServerOptions {
  readonly config: Config;
  /** The sandboxes' image, on this machine already. */
  readonly image: string;
  readonly log: Logger;
  /** What the log is written with. */
  readonly redactor: Redactor;
  /** Told when somebody asks over the admin socket to put everything to sleep and end. */
  readonly onShutDown: () => void;
}

/** A whole server in this process: API, console, node agent, previews. Disposing of it leaves sandboxes running. */
export interface Server extends AsyncDisposable {
  readonly addressing: PreviewAddressing;
  /** Puts every sandbox to sleep. */
  stopAll(): Promise<void>;
}

/** @throws AlreadyRunningError, or whatever keeps a part of it from starting; nothing is left running then */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, image, log, redactor } = options;
  await using starting = new AsyncDisposableStack();
  const newId = ulidSource(systemClock);
  const identity = await takeDataDirectory(config.dataDir, newId, starting);
  redactor.keep([identity.previewKey, identity.sealKey]);
  const database = starting.use(await openStore(config.database));
  const metrics = serverMetrics(database, log);
  const webhooks = new WebhookLoop();
  const store = webhooks.hearing(countedStore(database, metrics));
  const port = config.listen.port || (await freePort(config.listen.host));
  const addressing = addressingOf(config, port);

  const app = createApp(() => ports, proxiedPeer);
  const handle = async (request: Request) => app.fetch(request);
  const { routes, running, node } = await startNode(
    { ...options, identity, newId, metrics, store, handle },
    starting,
  );
  const ring = await openKeyRing(config);
  const ports = await apiPorts({
    config,
    identity,
    store,
    addressing,
    image,
    ring,
    agent: running.agent,
    webhookSender: starting.use(nodeWebhookSender(config)),
    storageMode: storageModeOf(node),
    newId,
    log,
    redactor,
    metrics,
  });
  starting.use(webhooks.begin(ports));
  const origins = consoleOrigins(config, addressing);
  const { onShutDown } = options;
  const admin = adminActions({ config, identity, ports, ring, agent: running.agent, node, onShutDown });
  const proxy = starting.use(await openFronts({ config, port, origins, ports, running, handle, admin }));
  starting.use(startUpkeep(ports));
  routes.connect((command) => proxy.send(command));
  running.begin();
  const ending = starting.move();
  return { addressing, stopAll: () => running.stopAll(), [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

interface NodeParts extends Pick<ServerOptions, 'config' | 'image' | 'log' | 'redactor'> {
  readonly identity: Identity;
  readonly newId: IdSource;
  readonly metrics: Metrics;
  readonly store: Store;
  /** The API. */
  readonly handle: (request: Request) => Promise<Response>;
}

/** The node agent of this machine, recovered and not yet at work. It ends with `scope`. */
async function startNode(
  { config, image, log, redactor, identity, newId, metrics, store, handle }: NodeParts,
  scope: AsyncDisposableStack,
): Promise<{ routes: RouteSink; running: RunningAgent; node: AgentPorts }> {
  const routes = new RouteSink();
  const node = agentPorts(config, identity, {
    image,
    snapshots: scope.use(snapshotStore(config)).store,
    clock: systemClock,
    newId,
    log,
    metrics,
    redactor,
    route: (command) => {
      if (command.type !== 'close') routes.send(command);
    },
  });
  scope.use(node.gate);
  const running = scope.use(
    await startAgent(node, {
      directory: nodeDirectory(config),
      // What was set is obeyed from the first moment on, not only since the first sync.
      policy: policyOf(await lifecycleOf({ store, instance: config })),
      exchange: createSyncClient({
        nodeId: identity.nodeId,
        baseUrl: IN_PROCESS,
        transport: handle,
        signer: createSigner(identity.nodeId, identity.nodeKeys.privateKey, systemClock),
      }),
    }),
  );
  return { routes, running, node };
}

/**
 * Claims the data directory, and what it is known by in the engine, for as long as `scope` lasts. What a crash has left in and
 * beside the directory is cleared away before anything is made in it: a restore may be about to put one in its place.
 */
async function takeDataDirectory(
  dataDir: string,
  newId: IdSource,
  scope: AsyncDisposableStack,
): Promise<Identity> {
  scope.use(await claimDataDirectory(dataDir));
  await clearStaging(dataDir);
  await clearSpools(dataDir);
  const identity = await loadIdentity(dataDir, newId);
  scope.use(await claimInstance(identity.instanceId));
  return identity;
}

interface ApiParts {
  readonly config: Config;
  readonly identity: Identity;
  readonly store: Store;
  readonly addressing: PreviewAddressing;
  readonly image: string;
  readonly ring: Awaited<ReturnType<typeof openKeyRing>>;
  readonly agent: NodeAgent;
  readonly webhookSender: WebhookSender;
  readonly storageMode: Instance['storageMode'];
  readonly newId: IdSource;
  readonly log: Logger;
  readonly redactor: Redactor;
  readonly metrics: Metrics & MetricsPage;
}

async function apiPorts({
  config,
  identity,
  store,
  addressing,
  image,
  ring,
  agent,
  webhookSender,
  storageMode,
  newId,
  log,
  redactor,
  metrics,
}: ApiParts): Promise<Ports> {
  const keyOf = async (issuer: string) =>
    issuer === identity.nodeId ? identity.nodeKeys.publicKey : undefined;
  return {
    store,
    nodes: localNode(agent, identity, systemClock, log),
    channel: createVerifier(API_AUDIENCE, keyOf, systemClock),
    vault: redactingVault(ring.box, redactor),
    passwords: nativeHasher,
    webhookSender,
    metrics,
    metricsPage: metrics,
    clock: systemClock,
    pause,
    newId,
    log,
    redactor,
    instance: {
      version: await readVersion(),
      addressing,
      auth: config.auth,
      configuredTokens: await configuredTokens(config.apiTokens),
      operators: config.operators,
      lifecycle: config.lifecycle,
      baseImage: image,
      storageMode,
      eventRetentionDays: config.eventRetentionDays,
      providers: config.providers,
      retention: config.retention,
      previewKey: identity.previewKey,
    },
  };
}
