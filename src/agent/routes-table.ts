import type { Route } from '../domain/routing.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';
import type { LiveSandbox } from './live.ts';
import type { SandboxRecord } from './records.ts';

const PHASES: Record<RuntimeStatus['phase'], string> = {
  seeding: 'Laying out the files',
  installing: 'Installing dependencies',
  starting: 'Starting the app',
  ready: 'Ready',
};

/**
 * What a start is doing, for people; undefined when nothing is being started.
 * @param note what else is being done to it, which a start waits for
 */
export function progressOf(
  record: SandboxRecord,
  live: LiveSandbox | undefined,
  note: string | undefined,
): string | undefined {
  if (note !== undefined) return note;
  if (record.operation?.kind === 'start') return 'Starting the sandbox';
  if (record.state !== 'running' || isServing(live?.status)) return undefined;
  return live?.status === undefined ? 'Starting the sandbox' : PHASES[live.status.phase];
}

/** The proxy's view of a sandbox. */
export function routeOf(
  record: SandboxRecord,
  live: LiveSandbox | undefined,
  note: string | undefined,
): Route {
  const { webPort, order } = record;
  const declared = new Set(order.ports);
  if (typeof webPort === 'number') declared.add(webPort);
  return {
    sandboxId: record.id,
    generation: live?.startedAt ?? 0,
    state: stateOf(record, live),
    address: live?.address,
    ports: [...declared],
    visibility: order.visibility,
    progress: progressOf(record, live, note),
    isPageless: live?.status?.preview.status === 'none',
    failure: record.state === 'error' ? record.errorMessage : crashOf(live?.status),
  };
}

function stateOf(record: SandboxRecord, live: LiveSandbox | undefined): Route['state'] {
  if (record.operation?.kind === 'start') return 'waking';
  if (record.operation !== undefined || live === undefined)
    return record.state === 'error' ? 'failed' : 'stopped';
  if (record.state === 'paused') return 'paused';
  if (crashOf(live.status) !== undefined) return 'crashed';
  return isServing(live.status) ? 'live' : 'waking';
}

/** What is said of an app whose web process crashed so often that it is left alone. */
function crashOf(status: RuntimeStatus | undefined): string | undefined {
  const web = status?.processes.find((process) => process.kind === 'web');
  if (web?.abandoned !== true) return undefined;
  return `The app crashed ${web.restarts + 1} times in a row and is left alone.`;
}

/**
 * Whether requests go through. An app that answers, even with an error of its own, shows itself: only one that has not
 * come up yet is waited for.
 */
function isServing(status: RuntimeStatus | undefined): boolean {
  if (status === undefined) return false;
  return status.preview.status !== 'starting' || status.preview.last_http_status !== undefined;
}
