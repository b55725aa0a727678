import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import { createApp } from '../../src/app.ts';
import type { ChannelVerifier } from '../../src/domain/channel.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import { answerSync } from '../../src/domain/node-sync.ts';
import type { PasswordHasher } from '../../src/domain/password.ts';
import type { Instance, Ports } from '../../src/domain/ports.ts';
import { createRedactor } from '../../src/domain/redactor.ts';
import type { LifecycleSettings } from '../../src/domain/settings.ts';
import { FakeWebhookSender } from './fake-webhook-sender.ts';
import { proxiedPeer } from '../../src/routes/peer.ts';
import { FAKE_NODE_ID, FakeNode, fakeNodes } from './fake-node.ts';
import { ManualTime } from './manual-time.ts';
import { memoryStore } from './memory-store.ts';
import { RecordedMetrics } from './recorded-metrics.ts';
import { type Recorded, recordingLogger } from './recording-logger.ts';

/** What operators have not changed yet. */
export const LIFECYCLE: LifecycleSettings = {
  idleReapEnabled: true,
  idleThresholdSeconds: 2100,
  keepaliveMaxSeconds: 86_400,
};

/** As fast as the real one is slow. */
export const plainHasher: PasswordHasher = {
  hash: async (password) => `plain$${btoa(password)}`,
  verify: async (password, hash) => hash === `plain$${btoa(password)}`,
};

const INSTANCE: Instance = {
  version: '0.0.0-test',
  addressing: { domain: 'localhost', publicPort: 8080, tls: false },
  auth: 'on',
  configuredTokens: new Map(),
  lifecycle: LIFECYCLE,
  operators: new Set(['default']),
  baseImage: 'sandboxd/base:test',
  storageMode: async () => 'overlay',
  eventRetentionDays: 0,
  providers: { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined },
  retention: {},
  previewKey: Buffer.alloc(32, 1).toString('base64'),
};

/** A whole API and console over a store and a node in memory, on a clock that the test moves. */
export interface ApiWorld {
  readonly app: ReturnType<typeof createApp>;
  readonly ports: Ports;
  readonly node: FakeNode;
  readonly webhookSender: FakeWebhookSender;
  readonly logged: Recorded[];
  readonly metrics: RecordedMetrics;
  readonly time: ManualTime;
  /** Lets time pass, in milliseconds. */
  advance(ms: number): void;
}

export function apiWorld(instance: Partial<Instance> = {}): ApiWorld {
  const time = new ManualTime(Date.UTC(2030, 0, 2, 3, 4, 5));
  const { clock } = time;
  const logged: Recorded[] = [];
  const metrics = new RecordedMetrics();
  const node = new FakeNode(clock);
  const webhookSender = new FakeWebhookSender();
  const ports: Ports = {
    store: memoryStore(),
    nodes: fakeNodes(node),
    channel: noChannel,
    vault: secretBox({ current: Buffer.alloc(32, 2).toString('base64'), previous: [] }),
    passwords: plainHasher,
    webhookSender,
    metrics,
    metricsPage: metrics,
    clock,
    pause: time.pause,
    newId: ulidSource(clock),
    log: recordingLogger((line) => logged.push(line)),
    redactor: createRedactor(),
    instance: { ...INSTANCE, ...instance },
  };
  node.sync = async () => {
    const { acknowledged } = await answerSync(ports, FAKE_NODE_ID, node.hears());
    node.acknowledge(acknowledged);
  };
  const advance = (ms: number) => time.advance(ms);
  return {
    app: createApp(() => ports, proxiedPeer),
    ports,
    node,
    webhookSender,
    logged,
    metrics,
    time,
    advance,
  };
}

/** The fake node is called directly, and calls nobody. */
const noChannel: ChannelVerifier = {
  verify: async () => {
    throw new SandboxdError('unauthorized', 'No node is enrolled here.');
  },
};
