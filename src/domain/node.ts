import type { AgentId } from './coding-agent.ts';
import type { EventPayload, EventType, Severity } from './event.ts';
import type { SandboxFiles } from './files.ts';
import type {
  BootPhase,
  ExecEvent,
  ExecRequest,
  PreviewState,
  ProcessState,
  RestartScope,
} from './runtimed.ts';
import type { CaptureEnd, CaptureOrder, NodeSnapshots } from './capture.ts';
import type { SandboxConfig } from './sandbox-config.ts';
import type { NodeTasks, TaskOutcome, TaskUsage } from './task.ts';
import type { IdlePolicy, Replacement, Sandbox, SandboxBlueprint, Visibility } from './sandbox.ts';

/**
 * What a node must know to run a sandbox. `desired` is acted on when `generation` is news, so that a node may put a
 * sandbox to sleep without being told to wake it again; the settings are taken over when `revision` is news.
 */
export interface SandboxOrder extends SandboxBlueprint {
  readonly id: string;
  readonly generation: number;
  readonly revision: number;
  readonly desired: 'running' | 'stopped' | 'absent';
  readonly visibility: Visibility;
  readonly idlePolicy: IdlePolicy;
  readonly keepaliveUntil?: number;
  readonly replaces?: Replacement;
}

/** The order a row stands for. */
export const orderOf = (sandbox: Sandbox): SandboxOrder => ({
  id: sandbox.id,
  generation: sandbox.generation,
  revision: sandbox.revision,
  desired: sandbox.desired,
  template: sandbox.template,
  ports: sandbox.ports,
  visibility: sandbox.visibility,
  idlePolicy: sandbox.idlePolicy,
  preset: sandbox.preset,
  fromSnapshotId: sandbox.fromSnapshotId,
  replaces: sandbox.replaces,
  keepaliveUntil: sandbox.keepaliveUntil,
});

/** What a node sees of one sandbox. `absent` confirms a deletion. */
export interface SandboxObservation {
  readonly id: string;
  /** The last order this observation reflects. */
  readonly generation: number;
  readonly state: 'creating' | 'running' | 'paused' | 'stopped' | 'error' | 'absent';
  readonly errorMessage?: string;
  readonly lastActiveAt?: number;
  readonly preview: PreviewState;
  readonly processes: readonly ProcessState[];
  /** The port of the web process, once known; absent for an app without one. */
  readonly webPort?: number;
  /** Why `sandbox.yaml` could not be used as it is. */
  readonly manifestError?: string;
  /** What a start is doing, for people. */
  readonly progress?: string;
  /** How far the boot of one that is up has come; `starting` until runtimed answers. */
  readonly phase?: BootPhase;
  /** Why it is kept awake ("a request in flight"); empty when it may sleep. */
  readonly awakeBecause: readonly string[];
  /** The revision of its app's configuration that the node has; absent for none, and for one that could not be read. */
  readonly configRevision?: number;
}

/** Something that happened on a node. Numbered without gaps per node; applied by the API exactly once. */
export interface NodeReport {
  readonly seq: number;
  /** Milliseconds since the epoch, by the node's clock. */
  readonly at: number;
  readonly sandboxId: string;
  readonly type: EventType;
  readonly severity: Severity;
  readonly message: string;
  readonly payload?: EventPayload;
  /** The task it is about. */
  readonly taskId?: string;
  /** That task's end; with one of its reports, and only one. */
  readonly ended?: TaskEnd;
  /** The snapshot it is about. */
  readonly snapshotId?: string;
  /** What its capture came to. */
  readonly captured?: CaptureEnd;
}

/** What a task came to, and what it took. */
export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly usage: TaskUsage;
}

/** "This is what I have, and what happened since you last acknowledged." */
export interface SyncRequest {
  /** Everything the node keeps, and `absent` for what it was told to delete; or what a command concerned. */
  readonly observations: readonly SandboxObservation[];
  readonly reports: readonly NodeReport[];
  /** Tasks that are not over as far as this node knows; absent in the answer to a command. */
  readonly tasks?: readonly string[];
  /** Snapshots whose archives were removed, as the last answer ordered. */
  readonly discarded?: readonly string[];
}

/** Thresholds a node applies by itself. */
export interface NodePolicy {
  readonly idleEnabled: boolean;
  /** Seconds without traffic before a sandbox is stopped. */
  readonly idleSeconds: number;
}

/** "This is what you should have, this is your policy, I hold your reports up to `acknowledged`." */
export interface SyncAnswer {
  readonly orders: readonly SandboxOrder[];
  /** Captures that have not ended as far as the API knows, but for those that belong to an order. */
  readonly captures: readonly CaptureOrder[];
  /** Snapshots whose archives are to be removed. */
  readonly discards: readonly string[];
  /**
   * For those sandboxes alone whose observation names another revision than the one in force. Each is taken over before its
   * order is carried out, also when that makes the sandbox.
   */
  readonly configs: readonly { readonly sandboxId: string; readonly config: SandboxConfig }[];
  readonly policy: NodePolicy;
  readonly acknowledged: number;
}

/** The answer to a command: the state it led to, and every report not yet acknowledged. */
export type CommandOutcome = SyncRequest;

/**
 * The API's view of one node agent. Every command is idempotent by sandbox and generation: a repetition, or one that
 * comes late, changes nothing and answers with what is.
 *
 * Failures: `node_unavailable` when the node cannot be reached or gives no answer in time (the order stands, and the
 * next sync carries it out); otherwise the node's own error.
 */
export interface NodeClient {
  /**
   * Carries out an order: create, start, stop or delete. Returns when it is done or has failed.
   * @param config its app's configuration, taken over before anything is started; absent when there never was any
   */
  apply(order: SandboxOrder, config?: SandboxConfig): Promise<CommandOutcome>;
  /**
   * Takes over a newer configuration: what is started from now on has it. An older one, and one for a sandbox this node does
   * not have, changes nothing.
   */
  configure(id: string, config: SandboxConfig): Promise<void>;
  /** Applies thresholds from now on. The next sync says the same. */
  setPolicy(policy: NodePolicy): Promise<void>;
  /** Current observations, from the node's memory. Unknown ids are left out. */
  observe(ids: readonly string[]): Promise<readonly SandboxObservation[]>;
  ping(): Promise<void>;
  /** The coding agents that the image of its sandboxes carries. */
  agents(): Promise<readonly AgentId[]>;

  /**
   * Restarts processes inside a sandbox. Returns when the old ones have ended; the new ones show in what is observed
   * from then on. A sandbox that sleeps is left asleep: everything starts anew when it wakes.
   */
  restartProcesses(id: string, scope: RestartScope): Promise<void>;

  readonly snapshots: NodeSnapshots;

  /** The tasks of one sandbox. @throws not_found for a sandbox this node does not have, from every call */
  tasks(id: string): NodeTasks;

  /** While the sandbox runs they are done inside it, else on the node's disk; paused, they only read. */
  files(id: string): SandboxFiles;
  /**
   * The app directory as a zip archive, of a sandbox in whatever state, which is nobody's to wait for once this has returned. What
   * fails from then on breaks the stream. Cancelling it, or aborting the signal, lets go of everything.
   * @throws conflict for too many of one sandbox at once
   */
  export(id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** Aborting the signal ends the program. The last event is `exit`. */
  exec(id: string, request: ExecRequest, signal: AbortSignal): AsyncIterable<ExecEvent>;
  tailLog(id: string, process: string, lines: number): Promise<string[]>;
  /** The last lines, then every new one as it is written, until either side leaves or the sandbox is stopped. */
  followLog(id: string, process: string, lines: number, signal: AbortSignal): AsyncIterable<string>;
}

/** Finds the client of a node, and chooses a node for a new sandbox. */
export interface NodeDirectory {
  /** @throws node_unavailable when no node by that id is enrolled */
  client(nodeId: string): NodeClient;
  /** Every node that is enrolled. */
  all(): Promise<readonly string[]>;
  /**
   * @param holder the one node that has what the sandbox is made from, where that matters
   * @throws node_unavailable when there is no healthy node, or that one is not
   */
  place(holder?: string): Promise<string>;
}
