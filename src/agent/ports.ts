import type { Engine, ResourceLimits } from '../domain/engine.ts';
import type { Clock, IdSource } from '../domain/ids.ts';
import type { Logger } from '../domain/log.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { ProviderGate } from '../domain/provider-gate.ts';
import type { Redactor } from '../domain/redactor.ts';
import type { ProxyCommand } from '../domain/routing.ts';
import type { ConnectRuntime } from '../domain/runtime.ts';
import type { Seal } from '../domain/seal.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';
import type { Workspaces } from '../domain/workspace.ts';
import type { HostMemory } from './capacity.ts';

/** What every sandbox of this node is made with. */
export interface SandboxDefaults {
  /** The instance's image: its id or a reference. */
  readonly image: string;
  readonly limits: ResourceLimits;
  readonly runtime: string | undefined;
  readonly caFile: string | undefined;
  /** Added to every sandbox's environment: never a secret. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the node agent needs from the world. */
export interface AgentPorts {
  readonly engine: Engine;
  readonly workspaces: Workspaces;
  readonly snapshots: SnapshotStore;
  readonly connect: ConnectRuntime;
  /** Tells the preview proxy. */
  readonly route: (command: ProxyCommand) => void;
  /** Lets the agents in sandboxes reach their providers. */
  readonly gate: ProviderGate;
  readonly seal: Seal;
  readonly hostMemory: () => Promise<HostMemory>;
  readonly defaults: SandboxDefaults;
  readonly clock: Clock;
  readonly newId: IdSource;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told every secret that is opened here, so that no log tells it. */
  readonly redactor: Pick<Redactor, 'learn'>;
}
