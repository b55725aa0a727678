/**
 * The control protocol of `runtimed`: HTTP/1.1 over the sandbox's own Unix socket, JSON in and out.
 *
 *   GET    /v1/status                          → RuntimeStatus
 *   GET    /v1/watch                           → NDJSON of RuntimeStatus: one at once, one after every change,
 *                                                and the current one again every 10 s
 *   GET    /v1/files?path=&recursive=&root=    → FileListing
 *   GET    /v1/files/content?path=&root=       → the bytes (≤ MAX_READ_BYTES)
 *   PUT    /v1/files?path=&root=&append=       → 204; body = the bytes (≤ MAX_WRITE_BYTES); atomic
 *   DELETE /v1/files?path=&root=               → 204
 *   POST   /v1/exec            ExecRequest     → NDJSON of ExecEvent, the last one `exit`
 *   GET    /v1/processes/{name}/logs?tail=     → { process, lines }
 *   GET    /v1/processes/{name}/logs?follow=1&tail=
 *                                              → text/plain, one line each: the last ones, then every new one, until
 *                                                either side leaves
 *   PUT    /v1/config          RuntimeConfig   → 204; what is started from now on has it. An older revision changes nothing
 *   POST   /v1/restart?scope=                  → 204 when the old processes have ended; the new ones are started after
 *                                                an install, if one is needed
 *   POST   /v1/tasks           TaskAssignment with `env`, the agent's own environment
 *                                              → 202; 409 task_in_progress while another one runs. Repeating it is harmless
 *   GET    /v1/tasks/{id}/events?since=        → NDJSON of TaskEvent: those after `since`, then every new one, the last one
 *                                                `done`
 *   GET    /v1/tasks/{id}/log                  → text/plain: the agent's raw output (≤ MAX_TASK_LOG_BYTES)
 *   GET    /v1/tasks/{id}/diff                 → text/plain: what the task changed, as a unified diff (≤ MAX_TASK_DIFF_BYTES)
 *   POST   /v1/tasks/{id}/end  TaskEnding      → 202; the task ends with that as its outcome. One that has ended stays as
 *                                                it is
 *   POST   /v1/tasks/{id}/revert RevertOrder   → Reverted; 409 task_in_progress while a task runs. Without a checkpoint
 *                                                it goes back to the task's own
 *   POST   /v1/shutdown                        → 204, then every process is stopped and runtimed exits 0
 *
 * A failure answers with the public error envelope and its status.
 */
export const CONTROL_SOCKET = 'control.sock';
/** Where the control directory is mounted inside a sandbox. */
export const CONTROL_DIRECTORY = '/run/sandboxd';
/** Where a sandbox finds the way to its task's provider: mounted read-only, the node's alone to write to. */
export const PROVIDER_DIRECTORY = '/run/sandboxd-provider';
export const PROVIDER_SOCKET = 'provider.sock';
export const SANDBOX_HOME = '/home/sandbox';
export const SANDBOX_UID = 1000;
/** Image paths of the base-image contract. */
export const TEMPLATES_DIRECTORY = '/opt/templates';
export const SKELETON_DIRECTORY = '/opt/sandbox-skel';
export const LAYERS_DIRECTORY = '/opt/layers';

export const MAX_WRITE_BYTES = 25 * 1024 * 1024;
export const MAX_READ_BYTES = 2 * 1024 * 1024;
/** Of each of stdout and stderr of one exec. */
export const MAX_EXEC_OUTPUT_BYTES = 1024 * 1024;
export const LOG_TAIL_DEFAULT = 200;
export const LOG_TAIL_MAX = 1000;
export const LOG_READ_BYTES = 256 * 1024;

/** What the engine passes to runtimed in its environment: names of things, never a secret. */
export interface RuntimeEnvironment {
  SANDBOXD_SANDBOX_ID: string;
  SANDBOXD_TEMPLATE: string;
  /** Empty when only a template was named. */
  SANDBOXD_PRESET: string;
  /** `awaited`: nothing of the app is started before a configuration came over the control socket. Empty otherwise. */
  SANDBOXD_CONFIG: 'awaited' | '';
}

/** What the app's programs are told in their environment. It lives in runtimed's memory, and nowhere else. */
export interface RuntimeConfig {
  readonly revision: number;
  /** For the web process, the workers, installs and the build check. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that are masked in all output that is shown or kept, also those that only agents have. */
  readonly secrets: readonly string[];
}

export const BOOT_PHASES = ['seeding', 'installing', 'starting', 'ready'] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

export const PREVIEW_STATUSES = ['none', 'starting', 'ready', 'down', 'error'] as const;
export type PreviewStatus = (typeof PREVIEW_STATUSES)[number];

export interface PreviewState {
  status: PreviewStatus;
  /** The last HTTP status of the health path. */
  last_http_status?: number;
  /** RFC 3339. */
  last_checked_at?: string;
  build_error_message?: string;
}

export interface ProcessState {
  name: string;
  kind: 'web' | 'worker';
  running: boolean;
  pid?: number;
  /** After unexpected exits, since it was last started on purpose: by a boot, a change, a revival, or a request. */
  restarts: number;
  /** Crashed too often in a row and left alone until a file of the app changes, or somebody restarts it. */
  abandoned: boolean;
}

/**
 * All processes, or what the end of a task restarts: those declared so, those that were abandoned, and all of them when
 * there is something to install.
 */
export const RESTART_SCOPES = ['all', 'after_task'] as const;
export type RestartScope = (typeof RESTART_SCOPES)[number];

export interface RuntimeStatus {
  phase: BootPhase;
  preview: PreviewState;
  /** The port of the web process; absent for an app without one. */
  web_port?: number;
  processes: ProcessState[];
  /** Why `sandbox.yaml` could not be used as it is. */
  manifest_error?: string;
  /** The task that runs. */
  active_task_id?: string;
  /** Of the configuration that what is started next has; absent before the first. */
  config_revision?: number;
}

/**
 * Whether a status is one of an app whose manifest has been read. Before that every app is starting, and none has a
 * port yet.
 */
export const knowsManifest = ({ preview, web_port }: RuntimeStatus): boolean =>
  web_port !== undefined || preview.status !== 'starting';

export interface FileEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  /** Bytes; files only. */
  size?: number;
}

export interface FileListing {
  path: string;
  recursive: boolean;
  entries: FileEntry[];
}

export interface ExecRequest {
  cmd: string[];
  /** Relative to the app directory. */
  cwd?: string;
  env?: Record<string, string>;
  /** Seconds; 0 or absent = 60. */
  timeout_s?: number;
  stdin?: string;
}

export type ExecEvent =
  | { type: 'stdout' | 'stderr'; data: string }
  | { type: 'exit'; exit_code: number; truncated: boolean; timed_out: boolean };
