import { join } from 'node:path';
import {
  CONTROL_DIRECTORY,
  LAYERS_DIRECTORY,
  PROVIDER_DIRECTORY,
  PROVIDER_SOCKET,
  SANDBOX_HOME,
  SKELETON_DIRECTORY,
  TEMPLATES_DIRECTORY,
} from '../src/domain/runtimed.ts';

/** Everything that differs between a sandbox and a test of one. */
export interface RuntimeOptions {
  readonly home: string;
  /** Where the image keeps starter files, one directory a template. */
  readonly templates: string;
  /** Where it keeps prepared dependencies, one directory a template, each laid out like the home. */
  readonly layers: string;
  /** What the image puts into an empty home. */
  readonly skeleton: string;
  /** The directory of the control socket. */
  readonly controlDirectory: string;
  /** Where the node lets a task's agent through to its provider. */
  readonly providerSocket: string;
  /** A preset's id; undefined when only a template was named. */
  readonly preset: string | undefined;
  readonly template: string | undefined;
  /** The container's; only a named few of its variables reach programs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the web process is asked whether it serves; undefined in a sandbox, which asks where visitors come in. */
  readonly webHost: string | undefined;
  readonly timings: Timings;
}

/** Milliseconds. */
export interface Timings {
  /** From SIGTERM to SIGKILL of a process that is to be replaced. */
  readonly stopGrace: number;
  /** The same when everything stops: the whole shutdown takes 5 s at most. */
  readonly shutdownGrace: number;
  readonly firstRestart: number;
  readonly longestRestart: number;
  /** A process that lived this long has its crashes forgotten. */
  readonly healthy: number;
  /** One that did not live this long counts towards being abandoned. */
  readonly quickExit: number;
  readonly firstProbe: number;
  readonly probeStarting: number;
  readonly probeReady: number;
  readonly probeDown: number;
  /** A web process that has not served for this long since its start is down, not starting. */
  readonly startingLimit: number;
  readonly manifestPoll: number;
  /** A file that is being written is read once it has rested for this long. */
  readonly manifestRest: number;
  /** How often the app's sources are looked at while something is abandoned. */
  readonly sourcePoll: number;
  /** A process that is revived for nothing waits so long the next time, and twice as long each time after that. */
  readonly firstRevival: number;
  readonly longestRevival: number;
  readonly watchHeartbeat: number;
  readonly installLimit: number;
  /** From SIGTERM to SIGKILL of an agent and all it started. */
  readonly agentGrace: number;
  /** What an agent takes to leave by itself when its work is done. */
  readonly agentExit: number;
  /** How often it is looked who has joined an agent's family. */
  readonly familyPoll: number;
  readonly checkpointLimit: number;
  /** To see what a task has changed. */
  readonly comparisonLimit: number;
  /** The same when the task was cancelled. */
  readonly hurriedComparison: number;
  /** The same when everything stops: what takes longer is left to the next start. */
  readonly lastComparison: number;
  /** To see whether the app serves after a task. */
  readonly healthLimit: number;
  /** An app that is down after a task may be on its way up again. */
  readonly downPatience: number;
  /** A worker that lived this long after a task is taken to run; so long is waited for one that does. */
  readonly steadyWorker: number;
  readonly workerPatience: number;
  /** Between two pieces of one message. */
  readonly messageInterval: number;
}

export const TIMINGS: Timings = {
  stopGrace: 5000,
  shutdownGrace: 4500,
  firstRestart: 1000,
  longestRestart: 30_000,
  healthy: 60_000,
  quickExit: 5000,
  firstProbe: 50,
  probeStarting: 250,
  probeReady: 5000,
  probeDown: 1000,
  startingLimit: 120_000,
  manifestPoll: 1000,
  manifestRest: 100,
  sourcePoll: 1000,
  firstRevival: 1000,
  longestRevival: 60_000,
  watchHeartbeat: 10_000,
  installLimit: 900_000,
  agentGrace: 2000,
  agentExit: 1000,
  familyPoll: 250,
  checkpointLimit: 300_000,
  comparisonLimit: 120_000,
  hurriedComparison: 5000,
  lastComparison: 1500,
  healthLimit: 30_000,
  downPatience: 3000,
  steadyWorker: 1500,
  workerPatience: 6000,
  messageInterval: 250,
};

/** The options of a sandbox, from the environment the engine gives it (see `RuntimeEnvironment`). */
export const sandboxOptions = (environment: NodeJS.ProcessEnv): RuntimeOptions => ({
  home: SANDBOX_HOME,
  templates: TEMPLATES_DIRECTORY,
  layers: LAYERS_DIRECTORY,
  skeleton: SKELETON_DIRECTORY,
  controlDirectory: CONTROL_DIRECTORY,
  providerSocket: join(PROVIDER_DIRECTORY, PROVIDER_SOCKET),
  preset: environment['SANDBOXD_PRESET'] || undefined,
  template: environment['SANDBOXD_TEMPLATE'] || undefined,
  environment,
  webHost: undefined,
  timings: TIMINGS,
});
