import type { SandboxObservation } from '../../domain/node.ts';
import type { PreviewStatus, ProcessState } from '../../domain/runtimed.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { Chip } from '../../views/models.ts';

/** What a sandbox is doing, as the console tells it. */
export type LiveState =
  /** There is none. */
  | 'none'
  | 'starting'
  /** Its web page answers. */
  | 'serving'
  /** Only workers, and they were started. */
  | 'working'
  | 'paused'
  /** It runs, and its web page does not answer. */
  | 'failing'
  /** It runs, and the check after a task found that it does not build. */
  | 'unbuilt'
  /** It runs, and its program crashed and is about to be started again. */
  | 'restarting'
  /** It runs, but its program ended so often that it is left alone. */
  | 'crashed'
  | 'stopping'
  | 'stopped'
  /** A sandbox made from a snapshot is about to take its place. */
  | 'restoring'
  | 'error'
  /** It should run, and its node does not answer. */
  | 'unknown';

export const CHIPS: Readonly<Record<LiveState, Chip>> = {
  none: { label: 'No sandbox', tone: 'idle' },
  starting: { label: 'Starting', tone: 'busy' },
  serving: { label: 'Ready', tone: 'ok' },
  working: { label: 'Running', tone: 'ok' },
  paused: { label: 'Paused', tone: 'idle' },
  failing: { label: 'Not answering', tone: 'warn' },
  unbuilt: { label: 'Build failed', tone: 'bad' },
  restarting: { label: 'Restarting', tone: 'warn' },
  crashed: { label: 'Crashed', tone: 'bad' },
  stopping: { label: 'Stopping', tone: 'busy' },
  stopped: { label: 'Stopped', tone: 'idle' },
  restoring: { label: 'Restoring', tone: 'busy' },
  error: { label: 'Error', tone: 'bad' },
  unknown: { label: 'Unknown', tone: 'warn' },
};

/** From the order, as far as it is not carried out yet; then from what the node sees; else from the row. */
export function liveState(view: SandboxView | undefined): LiveState {
  if (view === undefined) return 'none';
  const { sandbox, seen } = view;
  if (seen === undefined) return fromRow(sandbox);
  return seen.generation < sandbox.generation ? underWay(sandbox, seen) : fromNode(seen);
}

function underWay(sandbox: Sandbox, seen: SandboxObservation): LiveState {
  if (sandbox.desired === 'running') return 'starting';
  return seen.state === 'stopped' ? 'stopped' : 'stopping';
}

const SEEN_STATES = {
  creating: 'starting',
  paused: 'paused',
  stopped: 'stopped',
  error: 'error',
  absent: 'none',
} as const satisfies Partial<Record<SandboxObservation['state'], LiveState>>;

const PREVIEW_STATES: Readonly<Record<PreviewStatus, LiveState>> = {
  none: 'working',
  starting: 'starting',
  ready: 'serving',
  down: 'failing',
  error: 'unbuilt',
};

function fromNode({ state, phase, preview, processes }: SandboxObservation): LiveState {
  if (state !== 'running') return SEEN_STATES[state];
  if (isCrashed(processes)) return 'crashed';
  if (processes.some(isBetweenTries)) return 'restarting';
  // What does not answer after all this time, or cannot be reached, is not about to.
  const isBooting = phase !== undefined && phase !== 'ready' && preview.status !== 'down';
  return isBooting ? 'starting' : PREVIEW_STATES[preview.status];
}

/** The web process is the app; where there is none, all workers together are. */
function isCrashed(processes: readonly ProcessState[]): boolean {
  const web = processes.filter(({ kind }) => kind === 'web');
  const essential = web.length > 0 ? web : processes;
  return essential.length > 0 && essential.every(({ abandoned }) => abandoned);
}

/** Whether it is a web process that crashed again, and waits for its next start. */
export const isBetweenTries = ({ kind, running, abandoned, restarts }: ProcessState): boolean =>
  kind === 'web' && !running && !abandoned && restarts > 0;

function fromRow(sandbox: Sandbox): LiveState {
  const { status, desired } = sandbox;
  if (status === 'error') return 'error';
  if (status === 'running') return desired === 'running' ? 'unknown' : 'stopping';
  return status === 'creating' || desired === 'running' ? 'starting' : 'stopped';
}

const SETTLING: ReadonlySet<LiveState> = new Set(['starting', 'stopping', 'restoring'] satisfies LiveState[]);

/** Whether it will change by itself soon. */
export const isSettling = (state: LiveState): boolean => SETTLING.has(state);
