import type { RuntimeStatus } from '../../src/domain/runtimed.ts';
import type { Changes } from '../changes.ts';
import { type Call, type Route, sendJson, sendNothing, sendText, startStream } from './call.ts';

export interface StatusSource {
  readonly status: () => RuntimeStatus;
  /** Told after every change of the status. */
  readonly changes: Changes;
  /** Milliseconds after which the status is sent again although nothing has changed. */
  readonly heartbeat: number;
  readonly shutdown: () => void;
}

/** What runs here, now and as it changes, and the order to stop it all. */
export const statusRoutes = (source: StatusSource): Route[] => [
  {
    method: 'GET',
    pattern: /^\/v1\/status$/,
    handle: (call) => Promise.resolve(sendJson(call, source.status())),
  },
  { method: 'GET', pattern: /^\/v1\/watch$/, handle: (call) => watch(call, source) },
  {
    method: 'POST',
    pattern: /^\/v1\/shutdown$/,
    handle: (call) => {
      call.response.once('close', source.shutdown);
      return Promise.resolve(sendNothing(call));
    },
  },
];

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
