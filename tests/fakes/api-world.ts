import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import { createApp } from '../../src/app.ts';
import type { ChannelVerifier } from '../../src/domain/channel.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import type { Logger } from '../../src/domain/log.ts';
import { answerSync } from '../../src/domain/node-sync.ts';
import type { Instance, Ports } from '../../src/domain/ports.ts';
import { FAKE_NODE_ID, FakeNode, fakeNodes } from './fake-node.ts';
import { ManualTime } from './manual-time.ts';
import { memoryStore } from './memory-store.ts';

const INSTANCE: Instance = {
  version: '0.0.0-test',
  addressing: { domain: 'localhost', publicPort: 8080, tls: false },
  auth: 'on',
  configuredTokens: new Map(),
  policy: { idleEnabled: true, idleSeconds: 2100 },
  providers: { baseUrls: {}, compatibleKey: undefined, defaultModel: undefined },
  retention: {},
  previewKey: Buffer.alloc(32, 1).toString('base64'),
};

/** What was logged, for tests that must not find a secret or must find a failure there. */
export interface Recorded {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly cause?: unknown;
}

/** A whole API and console over a store and a node in memory, on a clock that the test moves. */
export interface ApiWorld {
  readonly app: ReturnType<typeof createApp>;
  readonly ports: Ports;
  readonly node: FakeNode;
  readonly logged: Recorded[];
  readonly time: ManualTime;
  /** Lets time pass, in milliseconds. */
  advance(ms: number): void;
}

export function apiWorld(instance: Partial<Instance> = {}): ApiWorld {
  const time = new ManualTime(Date.UTC(2030, 0, 2, 3, 4, 5));
  const { clock } = time;
  const logged: Recorded[] = [];
  const node = new FakeNode(clock);
  const ports: Ports = {
    store: memoryStore(),
    nodes: fakeNodes(node),
    channel: noChannel,
    vault: secretBox(Buffer.alloc(32, 2).toString('base64')),
    clock,
    pause: time.pause,
    newId: ulidSource(clock),
    log: recorder(logged),
    instance: { ...INSTANCE, ...instance },
  };
  node.sync = async () => {
    const { acknowledged } = await answerSync(ports, FAKE_NODE_ID, node.hears());
    node.acknowledge(acknowledged);
  };
  const advance = (ms: number) => time.advance(ms);
  return { app: createApp(() => ports), ports, node, logged, time, advance };
}

const recorder = (logged: Recorded[]): Logger => ({
  info: (message) => logged.push({ level: 'info', message }),
  warn: (message) => logged.push({ level: 'warn', message }),
  error: (message, cause) => logged.push({ level: 'error', message, cause }),
});

/** The fake node is called directly, and calls nobody. */
const noChannel: ChannelVerifier = {
  verify: async () => {
    throw new SandboxdError('unauthorized', 'No node is enrolled here.');
  },
};
