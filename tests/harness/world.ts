import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64url, generateKeyPair } from 'jose';
import { vi } from 'vitest';
import { createSeal } from '../../src/adapters/crypto/node-seal.ts';
import { createSyncClient } from '../../src/adapters/channel/api-client.ts';
import { createNodeClient } from '../../src/adapters/channel/node-client.ts';
import { createSigner, createVerifier } from '../../src/adapters/channel/token.ts';
import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import type { AgentPorts } from '../../src/agent/ports.ts';
import { createAgentApp } from '../../src/agent/routes.ts';
import { type RunningAgent, startAgent } from '../../src/agent/start.ts';
import { createApp } from '../../src/app.ts';
import { hashSecret } from '../../src/domain/auth.ts';
import { API_AUDIENCE } from '../../src/domain/channel.ts';
import { countedStore } from '../../src/domain/counted-store.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { systemClock, ulidSource } from '../../src/domain/ids.ts';
import type { NodeDirectory, SyncAnswer, SyncRequest } from '../../src/domain/node.ts';
import { pause } from '../../src/domain/pause.ts';
import type { Ports } from '../../src/domain/ports.ts';
import { createRedactor } from '../../src/domain/redactor.ts';
import type { Route } from '../../src/domain/routing.ts';
import { policyOf } from '../../src/domain/settings.ts';
import type { Store } from '../../src/domain/store.ts';
import { proxiedPeer } from '../../src/routes/peer.ts';
import { LIFECYCLE, plainHasher } from '../fakes/api-world.ts';
import { FakeEngine } from '../fakes/engine.ts';
import { MemorySnapshots } from '../fakes/memory-snapshots.ts';
import { memoryStore } from '../fakes/memory-store.ts';
import { FakeWebhookSender } from '../fakes/fake-webhook-sender.ts';
import { FakeGate } from '../fakes/fake-gate.ts';
import { quietLogger } from '../fakes/quiet-logger.ts';
import { RecordedMetrics } from '../fakes/recorded-metrics.ts';
import { FakeRuntime } from '../fakes/runtime.ts';
import { FakeWorkspaces } from '../fakes/workspaces.ts';

/** Tokens of two tenants. Obviously fake. */
export const TOKENS = { acme: 'fake-token-of-acme', rival: 'fake-token-of-rival' } as const;
export type Tenant = keyof typeof TOKENS;

const NODE_ID = '01JTESTN0DE000000000000000';
const SEAL_KEY = base64url.encode(new Uint8Array(32).fill(7));

/** What outlives a crash of the server: the database, the engine, the disk. */
export interface Remains {
  readonly store: Store;
  readonly engine: FakeEngine;
  readonly workspaces: FakeWorkspaces;
  readonly snapshots: MemorySnapshots;
  readonly gate: FakeGate;
  readonly directory: string;
}

export async function makeRemains(): Promise<Remains & AsyncDisposable> {
  const temporary = await mkdtemp(join(tmpdir(), 'sandboxd-world-'));
  return {
    store: memoryStore(),
    engine: new FakeEngine(),
    workspaces: new FakeWorkspaces(),
    snapshots: new MemorySnapshots(),
    gate: new FakeGate(),
    directory: join(temporary, 'node'),
    [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true }),
  };
}

/** A whole single-node server on fakes: real routes, domain, channel and agent; no engine, no disk of tenants. */
export interface World extends AsyncDisposable {
  readonly ports: Ports;
  readonly running: RunningAgent;
  readonly runtimes: Map<string, FakeRuntime>;
  readonly routes: Map<string, Route>;
  /** Counted by the API and the node. */
  readonly metrics: RecordedMetrics;
  /** One API request, as a tenant or as nobody. */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
  /**
   * Waits for the last that the creation of an app's sandbox leads to, which is told later: what changes from then on,
   * somebody has changed.
   */
  settled(app: string): Promise<void>;
}

export interface RequestOptions {
  readonly as?: Tenant | 'nobody';
  readonly body?: unknown;
  readonly raw?: BodyInit;
  readonly headers?: Record<string, string>;
}

export interface WorldOptions {
  /** Wraps a port, to watch it or to make it fail. */
  readonly wrap?: <Port extends object>(name: string, port: Port) => Port;
  readonly clock?: () => number;
  readonly memory?: AgentPorts['hostMemory'];
  readonly instance?: Partial<Ports['instance']>;
  /** Hears every exchange of the node with the API, and may change the answer. */
  readonly onExchange?: (request: SyncRequest, answer: SyncAnswer) => SyncAnswer;
  /** Called between the node's recovery and the begin of its loops. */
  readonly beforeLoops?: () => void;
}

export async function startWorld(remains: Remains, options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? systemClock;
  const newId = ulidSource(clock);
  const wrap = options.wrap ?? ((_, port) => port);
  const [apiKeys, nodeKeys] = await Promise.all([generateKeyPair('EdDSA'), generateKeyPair('EdDSA')]);
  const runtimes = new Map<string, FakeRuntime>();
  const metrics = new RecordedMetrics();
  const redactor = createRedactor();
  const routes = new Map<string, Route>();
  const agentPorts: AgentPorts = {
    engine: wrap('engine', remains.engine),
    workspaces: wrap('workspaces', remains.workspaces),
    snapshots: wrap('snapshots', remains.snapshots),
    connect: (controlDirectory) => {
      const id = controlDirectory.split('/').at(-2) ?? '';
      const runtime = new FakeRuntime(remains.workspaces.files(id), remains.workspaces.tasks(id));
      runtimes.set(id, runtime);
      return runtime;
    },
    route: (command) => {
      if (command.type === 'route') routes.set(command.route.sandboxId, command.route);
      if (command.type === 'remove') routes.delete(command.sandboxId);
    },
    gate: remains.gate,
    seal: createSeal(SEAL_KEY),
    hostMemory: options.memory ?? (async () => ({ availableBytes: 8e9, totalBytes: 16e9 })),
    defaults: {
      image: 'sandboxd/base:test',
      limits: { memoryBytes: 2 ** 30, cpus: 1, pids: 100, openFiles: 1024 },
      runtime: undefined,
      caFile: undefined,
      env: {},
    },
    clock,
    newId,
    log: quietLogger,
    metrics,
    redactor,
  };
  const app = createApp(() => ports, proxiedPeer);
  const exchange = createSyncClient({
    nodeId: NODE_ID,
    baseUrl: 'http://api.internal',
    transport: async (request) => app.fetch(request),
    signer: createSigner(NODE_ID, nodeKeys.privateKey, clock),
  });
  const running = await startAgent(agentPorts, {
    directory: remains.directory,
    policy: policyOf(LIFECYCLE),
    exchange: async (request) => {
      const answer = await exchange(request);
      return options.onExchange?.(request, answer) ?? answer;
    },
  });
  const fromApi = createVerifier(
    NODE_ID,
    async (issuer) => (issuer === API_AUDIENCE ? apiKeys.publicKey : undefined),
    clock,
  );
  const agentApp = createAgentApp(running.agent, fromApi, quietLogger);
  const client = createNodeClient({
    nodeId: NODE_ID,
    baseUrl: 'http://node.internal',
    transport: async (request) => agentApp.fetch(request),
    signer: createSigner(API_AUDIENCE, apiKeys.privateKey, clock),
  });
  const nodes: NodeDirectory = {
    client: (id) => {
      if (id !== NODE_ID) throw new SandboxdError('node_unavailable', 'No such node.');
      return client;
    },
    all: async () => [NODE_ID],
    place: async () => NODE_ID,
  };
  const ports: Ports = {
    store: countedStore(wrap('store', remains.store), metrics),
    nodes,
    channel: createVerifier(
      API_AUDIENCE,
      async (issuer) => (issuer === NODE_ID ? nodeKeys.publicKey : undefined),
      clock,
    ),
    vault: secretBox({ current: btoa('fake-secrets-key-of-32-bytes-000'), previous: [] }),
    passwords: plainHasher,
    webhookSender: new FakeWebhookSender(),
    metrics,
    metricsPage: metrics,
    clock,
    pause,
    newId,
    log: quietLogger,
    redactor,
    instance: {
      version: '0.0.0-test',
      addressing: { domain: 'localhost', publicPort: 8080, tls: false },
      auth: 'on',
      configuredTokens: new Map(
        await Promise.all(
          Object.entries(TOKENS).map(async ([owner, token]) => [await hashSecret(token), owner] as const),
        ),
      ),
      lifecycle: LIFECYCLE,
      operators: new Set(['default']),
      baseImage: 'sandboxd/base:test',
      storageMode: async () => 'overlay',
      eventRetentionDays: 0,
      providers: { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined },
      retention: {},
      previewKey: btoa('fake-preview-key-of-32-bytes-000'),
      ...options.instance,
    },
  };
  options.beforeLoops?.();
  running.begin();
  const request: World['request'] = async (method, path, { as = 'acme', body, raw, headers } = {}) =>
    app.request(path, {
      method,
      headers: { ...(as !== 'nobody' && { authorization: `Bearer ${TOKENS[as]}` }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(raw !== undefined && { body: raw }),
    });
  return {
    ports,
    running,
    runtimes,
    routes,
    metrics,
    request,
    async settled(id) {
      const told = async () => (await request('GET', `/v1/apps/${id}/events`)).text();
      await vi.waitUntil(async () => (await told()).includes('preview.health.ok'), 15_000);
      await running.syncNow();
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
