import type { SandboxRuntime } from '../../domain/runtime.ts';
import type { ConfigKeeper } from '../config/keeper.ts';
import type { LiveSandbox } from '../live.ts';
import type { Outbox } from '../outbox.ts';
import type { AgentPorts } from '../ports.ts';
import type { Records } from '../records.ts';
import type { TaskRecord } from './record.ts';

/** What tasks need of the sandboxes they run in. */
export interface TaskSandboxes {
  /** @throws not_found for a sandbox this node does not have */
  require(id: string): void;
  /** The runtime of a sandbox, which is woken for that, and has its newest configuration. @throws sandbox_capacity, sandbox_unavailable, not_found */
  awake(id: string): Promise<SandboxRuntime>;
  /** The runtime of one that is up; undefined when it is not. */
  running(id: string): Promise<SandboxRuntime | undefined>;
  live(id: string): LiveSandbox | undefined;
  /** Whether nothing of it can be running. Only with its lock held does that stay so. */
  isAtRest(id: string): boolean;
  /** Keeps it awake until disposed of. */
  hold(id: string, reason: string): Disposable;
  exclusively<T>(id: string, task: () => Promise<T>): Promise<T>;
}

export interface TaskKeeperContext {
  readonly ports: Pick<
    AgentPorts,
    'engine' | 'defaults' | 'workspaces' | 'gate' | 'seal' | 'clock' | 'log' | 'metrics' | 'redactor'
  >;
  readonly records: Records<TaskRecord>;
  readonly outbox: Outbox;
  readonly sandboxes: TaskSandboxes;
  readonly configs: Pick<ConfigKeeper, 'readable' | 'mask' | 'maskNow'>;
  /** Called after anything that the API should hear of. */
  readonly changed: () => void;
}
