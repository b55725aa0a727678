import type { AgentId } from './coding-agent.ts';
import type { HomeMount } from './workspace.ts';

/** The image's own CA bundle is left alone; a custom one is mounted here, read-only. */
export const SANDBOX_CA_FILE = '/etc/sandboxd/ca.pem';

/** Ceilings of one sandbox. */
export interface ResourceLimits {
  /** Bytes; there is no swap on top. */
  readonly memoryBytes: number;
  /** Of one machine's CPUs; fractions count. */
  readonly cpus: number;
  readonly pids: number;
  readonly openFiles: number;
}

/** What one sandbox's container is made from. The same specification always names the same container. */
export interface ContainerSpec {
  readonly sandboxId: string;
  /** A local image: its id, or a reference. */
  readonly image: string;
  readonly home: HomeMount;
  /** Host directory mounted at CONTROL_DIRECTORY, writable by the sandbox. */
  readonly controlDirectory: string;
  /** Host directory mounted at PROVIDER_DIRECTORY, read-only. */
  readonly providerDirectory: string;
  /** Host file mounted at SANDBOX_CA_FILE. */
  readonly caFile?: string;
  /** Visible in `docker inspect`: never a secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ResourceLimits;
  /** An OCI runtime the engine knows, like `runsc`; its default otherwise. */
  readonly runtime?: string;
}

export interface StartedContainer {
  /** Where the node reaches the sandbox's ports. The engine reuses addresses: it is valid for this start only. */
  readonly address: string;
  /** Milliseconds since the epoch, by the engine's clock; differs between any two starts. */
  readonly startedAt: number;
}

export type ContainerState = 'running' | 'paused' | 'stopped' | 'absent';

export interface ContainerView {
  readonly sandboxId: string;
  readonly state: ContainerState;
  /** Present when running or paused. */
  readonly address?: string;
  readonly startedAt?: number;
  /** Of the last run, when stopped; absent when it never ran. */
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
}

export type EngineEvent =
  /** The stream stands, at first and after each interruption. Whatever happened before it must be read from `list`. */
  | { readonly type: 'connected' }
  /** The stream broke; it is being made again. */
  | { readonly type: 'disconnected' }
  | { readonly type: 'start' | 'oom' | 'pause' | 'unpause'; readonly sandboxId: string; readonly at: number }
  | { readonly type: 'die'; readonly sandboxId: string; readonly at: number; readonly exitCode: number };

export interface EngineInfo {
  readonly version: string;
  readonly cgroupVersion: 1 | 2;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly runtimes: readonly string[];
}

/**
 * The container engine, as far as one sandboxd instance uses it. Everything it makes carries the instance's label, and
 * nothing without that label is ever listed, changed or removed.
 *
 * Every operation is safe to repeat, and concurrent calls for *different* sandboxes never wait for each other; calls
 * for one sandbox are serialised by the caller. A call cut off midway leaves something that its repetition finishes.
 *
 * Failures: `node_unavailable` when the engine does not answer or refuses for a reason of its own, except that a create or
 * start it refuses for good is `sandbox_unavailable`: no waiting would mend it; `unavailable` when
 * the image or the runtime is not there; `not_found` where a container that must exist does not; `conflict` where its
 * state forbids the operation. Messages never carry a host path; the engine's own words are in `cause`.
 */
export interface Engine {
  /** @throws node_unavailable */
  info(): Promise<EngineInfo>;

  /** Removes what an earlier run left half-done; before anything else is asked for. @throws node_unavailable */
  tidy(): Promise<void>;
  /**
   * The sandboxes' bridge with everything shut that operations forbid: other sandboxes, the node's own services, cloud
   * metadata. Must succeed before the first `start`; repeating it repairs rules that something else flushed.
   * @throws node_unavailable also when the rules cannot be set: there is no network without them
   */
  ensureNetwork(): Promise<void>;
  /**
   * Keeps networks ready for sandboxes that will be started, which then takes a good deal less time, and removes what an
   * earlier run left of them. Cheap when nothing is missing, so that it can be called every second or so. A start that
   * finds none ready does without, as does each where containers of the runtime cannot share a network. A sandbox whose
   * network somebody has taken away is ended.
   * @throws node_unavailable, unavailable without the image
   */
  keepNetworks(image: string, runtime?: string): Promise<void>;
  /** Removes the bridge and every rule. @throws conflict while a sandbox that runs is attached */
  removeNetwork(): Promise<void>;

  /** Makes the container (and its volume), stopped. One with the same specification is kept; another is replaced. */
  create(spec: ContainerSpec): Promise<void>;
  /**
   * Starts it, or answers about the run it is in.
   * @throws not_found, conflict when paused, sandbox_unavailable when it ended at once
   */
  start(sandboxId: string): Promise<StartedContainer>;
  /** SIGTERM, then SIGKILL after `graceSeconds`. Returns when it is stopped, its home unmounted. Absent is stopped. */
  stop(sandboxId: string, graceSeconds: number): Promise<void>;
  /** SIGKILL. Returns when it is stopped. Absent is stopped. */
  kill(sandboxId: string): Promise<void>;
  /** @throws not_found, conflict when it is not running */
  pause(sandboxId: string): Promise<void>;
  /** @throws not_found, conflict when it is stopped */
  unpause(sandboxId: string): Promise<void>;
  /** Removes container and volume, in whatever state; the workspace's directories stay. Absent is fine. */
  remove(sandboxId: string): Promise<void>;

  /** `absent` when there is none. */
  inspect(sandboxId: string): Promise<ContainerView>;
  /** Every container of this instance, with state and address; the rest is for `inspect` to say. */
  list(): Promise<readonly ContainerView[]>;
  /**
   * What happens to this instance's containers, whoever did it, until the signal aborts; then it ends without an
   * error. Survives a restart of the engine (see `connected`) and never throws.
   */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>;

  /** The id (`sha256:…`) of a local image. @throws unavailable when it is not there */
  imageDigest(reference: string): Promise<string>;
  /** The coding agents that a local image offers, by its AGENTS_LABEL. @throws unavailable when it is not there */
  imageAgents(reference: string): Promise<ReadonlySet<AgentId>>;
  /**
   * Copies the contents of a directory in an image into an empty host directory: owners, modes, symlinks and hard links
   * as they are, without set-id bits and devices. A failure leaves a part behind: give it a directory that can be dropped.
   * @throws not_found when the image has no such directory; the signal's reason when that aborts
   */
  extract(image: string, path: string, intoDirectory: string, signal?: AbortSignal): Promise<void>;
  /** Whether this engine can mount an overlay whose layers lie in `directory` (emptied afterwards). Runs nothing. */
  probeOverlay(image: string, directory: string): Promise<boolean>;

  /** Ids of the sandboxes that have a volume; with no container by that id it is a leftover. */
  listVolumes(): Promise<readonly string[]>;
  /** @throws conflict while a container uses it */
  removeVolume(sandboxId: string): Promise<void>;
}
