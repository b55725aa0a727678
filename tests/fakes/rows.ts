import type { App } from '../../src/domain/app.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { ConfigItem } from '../../src/domain/config-item.ts';
import type { Event } from '../../src/domain/event.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import type { NodeReport, SandboxObservation } from '../../src/domain/node.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import type { Task, TaskOrder } from '../../src/domain/task.ts';
import type { Webhook } from '../../src/domain/webhook.ts';

/** Rows with everything required filled in, for tests that care about one or two fields. */
export const newId = ulidSource();

export const OWNER = 'alice';
export const STRANGER = 'mallory';
export const NODE = 'node-1';
const NOON = Date.UTC(2026, 0, 1, 12);

export const anApp = (fields: Partial<App> = {}): App => ({
  id: newId(),
  owner: OWNER,
  name: 'Todo list',
  description: '',
  tags: [],
  createdAt: NOON,
  updatedAt: NOON,
  ...fields,
});

export const aSandbox = (fields: Partial<Sandbox> = {}): Sandbox => ({
  id: newId(),
  owner: OWNER,
  nodeId: NODE,
  template: 'blank',
  ports: [3000],
  visibility: 'public',
  idlePolicy: 'sleep',
  desired: 'running',
  generation: 1,
  revision: 1,
  status: 'creating',
  paused: false,
  createdAt: NOON,
  updatedAt: NOON,
  ...fields,
});

export const aTask = (fields: Partial<Task> = {}): Task => ({
  id: newId(),
  owner: OWNER,
  sandboxId: newId(),
  nodeId: NODE,
  status: 'running',
  prompt: 'Make the title red.',
  agent: 'opencode',
  provider: 'anthropic',
  timeoutSeconds: 600,
  createdAt: NOON,
  ...fields,
});

/** What a node is told of a task. */
export const aTaskOrder = (fields: Partial<TaskOrder> = {}): TaskOrder => ({
  id: newId(),
  prompt: 'Make it blue',
  agent: 'opencode',
  provider: 'anthropic',
  timeout_s: 600,
  continue: true,
  upstream: {
    provider: 'anthropic',
    baseUrl: 'http://provider.test/v1',
    keyHeader: 'x-api-key',
    key: 'test-key-not-real',
  },
  ...fields,
});

export const aSnapshot = (fields: Partial<Snapshot> = {}): Snapshot => ({
  id: newId(),
  owner: OWNER,
  name: 'Before the redesign',
  cause: 'manual',
  status: 'capturing',
  sourceSandboxId: newId(),
  nodeId: NODE,
  live: false,
  blueprint: { template: 'blank', ports: [3000] },
  visibility: 'public',
  createdAt: NOON,
  ...fields,
});

export const aConfigItem = (fields: Partial<ConfigItem> = {}): ConfigItem => ({
  owner: OWNER,
  appId: newId(),
  key: 'GREETING',
  sensitive: true,
  accessPolicy: 'runtime_access',
  sealed: 'sealed-1',
  createdAt: NOON,
  updatedAt: NOON,
  ...fields,
});

export const aWebhook = (fields: Partial<Webhook> = {}): Webhook => ({
  id: newId(),
  owner: OWNER,
  url: 'https://hooks.example/in',
  description: '',
  eventTypes: [],
  enabled: true,
  sealed: 'sealed-1',
  createdAt: NOON,
  updatedAt: NOON,
  ...fields,
});

export const anAuditEntry = (fields: Partial<AuditEntry> = {}): AuditEntry => ({
  id: newId(),
  owner: OWNER,
  actor: { kind: 'session' },
  action: 'POST /v1/apps',
  target: {},
  status: 201,
  requestId: 'request-1',
  at: NOON,
  ...fields,
});

export const anEvent = (fields: Partial<Event> = {}): Event => ({
  id: newId(),
  owner: OWNER,
  type: 'app.created',
  severity: 'info',
  message: 'App "Todo list" was created.',
  createdAt: NOON,
  ...fields,
});

export const anObservation = (
  of: Pick<Sandbox, 'id' | 'generation'>,
  fields: Partial<SandboxObservation> = {},
): SandboxObservation => ({
  id: of.id,
  generation: of.generation,
  state: 'running',
  preview: { status: 'none' },
  processes: [],
  awakeBecause: [],
  ...fields,
});

export const aReport = (seq: number, sandboxId: string, fields: Partial<NodeReport> = {}): NodeReport => ({
  seq,
  at: NOON + seq,
  sandboxId,
  type: 'sandbox.started',
  severity: 'info',
  message: `Report ${seq}.`,
  ...fields,
});
