import { invalid } from '../../src/domain/errors.ts';
import { RESTART_SCOPES, type RestartScope, type RuntimeStatus } from '../../src/domain/runtimed.ts';
import type { Changes } from '../changes.ts';
import { type Call, type Route, sendJson, sendNothing, sendText, startStream } from './call.ts';

export interface StatusSource {
  readonly status: () => RuntimeStatus;
  /** Told after every change of the status. */
  readonly changes: Changes;
  /** Milliseconds after which the status is sent again although nothing has changed. */
  readonly heartbeat: number;
  /** Resolves when the old processes have ended. */
  readonly restart: (scope: RestartScope) => Promise<void>;
  readonly shutdown: () => void;
}

/** What runs here, now and as it changes, and the orders to restart or to stop it. */
export const statusRoutes = (source: StatusSource): Route[] => [
  {
    method: 'GET',
    pattern: /^\/v1\/status$/,
    handle: (call) => Promise.resolve(sendJson(call, source.status())),
  },
  { method: 'GET', pattern: /^\/v1\/watch$/, handle: (call) => watch(call, source) },
  {
    method: 'POST',
    pattern: /^\/v1\/restart$/,
    handle: async (call) => {
      await source.restart(scopeOf(call));
      sendNothing(call);
    },
  },
  {
    method: 'POST',
    pattern: /^\/v1\/shutdown$/,
    handle: (call) => {
      call.response.once('close', source.shutdown);
      return Promise.resolve(sendNothing(call));
    },
  },
];

/** @throws invalid_request */
function scopeOf({ query }: Call): RestartScope {
  const scope = RESTART_SCOPES.find((scope) => scope === query.get('scope'));
  if (scope === undefined) throw invalid(`scope: must be one of ${RESTART_SCOPES.join(', ')}.`);
  return scope;
}

/** A client that reads slowly misses statuses in between, never the latest. */
async function watch(call: Call, { status, changes, heartbeat }: StatusSource): Promise<void> {
  startStream(call, 'application/x-ndjson');
  let sent = '';
  let sentAt = 0;
  while (!call.signal.aborted) {
    const { version } = changes;
    const line = `${JSON.stringify(status())}\n`;
    const isDue = performance.now() - sentAt >= heartbeat;
    if (line !== sent || isDue) {
      sent = line;
      sentAt = performance.now();
      await sendText(call, line);
    }
    await changes.after(version, Math.max(0, sentAt + heartbeat - performance.now()), call.signal);
  }
}
