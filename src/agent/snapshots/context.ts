import type { Outbox } from '../outbox.ts';
import type { AgentPorts } from '../ports.ts';
import type { Records, SandboxRecord } from '../records.ts';
import type { TaskSandboxes } from '../tasks/context.ts';
import type { CaptureRecord } from './record.ts';

/** What captures need of the sandboxes that they copy. */
export interface CaptureSandboxes extends Pick<TaskSandboxes, 'live' | 'isAtRest' | 'hold' | 'exclusively'> {
  /** Undefined for one that this node does not have, or that is being deleted. */
  find(id: string): SandboxRecord | undefined;
  /** Tells people why it cannot start yet, or nothing any more. */
  say(id: string, what: string | undefined): void;
}

export interface SnapshotKeeperContext {
  readonly ports: Pick<AgentPorts, 'engine' | 'workspaces' | 'snapshots' | 'clock' | 'log'>;
  readonly records: Records<CaptureRecord>;
  readonly outbox: Outbox;
  readonly sandboxes: CaptureSandboxes;
  /** Called after anything that the API should hear of. */
  readonly changed: () => void;
}
