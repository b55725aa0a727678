import type { SandboxFiles } from './files.ts';
import type { RuntimeTasks } from './task.ts';
import type { ExecEvent, ExecRequest, RestartScope, RuntimeConfig, RuntimeStatus } from './runtimed.ts';

/**
 * The node's side of one sandbox's control socket. A tenant can answer in runtimed's place, so everything that comes
 * back is bounded in size and time and checked for shape.
 *
 * It connects when it is used and again after a restart, so one may be kept for as long as the workspace exists.
 * Failures: `sandbox_unavailable` when nothing answers, breaks off, or answers what the protocol does not allow;
 * otherwise the error runtimed itself reports.
 */
export interface SandboxRuntime extends AsyncDisposable {
  status(): Promise<RuntimeStatus>;
  /**
   * The current status at once, then one after every change. Ends without an error when the signal aborts.
   * @throws sandbox_unavailable when the stream breaks off or stays silent for too long
   */
  watch(signal: AbortSignal): AsyncIterable<RuntimeStatus>;
  readonly files: SandboxFiles;
  readonly tasks: RuntimeTasks;
  /** Runs a program; the last event is `exit`. Leaving the iteration or aborting ends the program. */
  exec(request: ExecRequest, signal: AbortSignal): AsyncIterable<ExecEvent>;
  /** @throws not_found for a process that never ran */
  tailLog(process: string, lines: number): Promise<string[]>;
  /** The last lines, then every new one as it is written, until the signal aborts or the sandbox stops. */
  followLog(process: string, lines: number, signal: AbortSignal): AsyncIterable<string>;
  /** Hands over what programs are told; it takes effect with their next start. */
  configure(config: RuntimeConfig): Promise<void>;
  /** Returns when the old processes have ended; the new ones show in the status. */
  restart(scope: RestartScope): Promise<void>;
  /** Returns when runtimed has accepted to stop every process and leave; the container stops soon after. */
  shutdown(): Promise<void>;
}

/** @param controlDirectory the host directory that the sandbox has at CONTROL_DIRECTORY */
export type ConnectRuntime = (controlDirectory: string) => SandboxRuntime;
