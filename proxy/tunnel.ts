import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Meter, OpenSocket } from './traffic.ts';
import type { Visit } from './visit.ts';

/** The upstream's side of an upgrade it agreed to. */
export interface Switched {
  readonly socket: Socket;
  /** What it said beyond its response head. */
  readonly rest: Buffer;
  readonly reason: string;
  /** Name, value, name, value …, end-to-end ones only. */
  readonly fields: readonly string[];
}

/**
 * Ties a client to an upstream, byte for byte, until both halves have ended or either side fails.
 * @param halfOpenMs how long the other half may be silent once one has ended
 */
export function openTunnel(visit: Visit, switched: Switched, meter: Meter, halfOpenMs: number): void {
  const client = visit.req.socket;
  const upstream = switched.socket;
  const record: OpenSocket = { lastClientAt: 0 };
  visit.res.detachSocket(client);
  meter.sockets.add(record);
  client.once('close', () => meter.sockets.delete(record));
  pump(client, upstream, (bytes) => meter.spoke(record, bytes));
  pump(upstream, client, (bytes) => meter.sent(bytes));
  for (const socket of [client, upstream]) {
    socket.setTimeout(0);
    socket.on('timeout', () => socket.destroy());
    socket.once('end', () => [client, upstream].forEach((side) => side.setTimeout(halfOpenMs)));
  }
  client.write(switchingHead(switched), 'latin1');
  if (switched.rest.length > 0) upstream.unshift(switched.rest);
  if (visit.early !== undefined && visit.early.length > 0) client.unshift(visit.early);
  client.resume();
  upstream.resume();
}

function switchingHead({ reason, fields }: Switched): string {
  let head = `HTTP/1.1 101 ${reason}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  for (let i = 0; i + 1 < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return `${head}\r\n`;
}

/** Moves bytes one way at the pace of the slower side. */
function pump(from: Socket, to: Socket, count: (bytes: number) => void): void {
  to.on('drain', () => from.resume());
  from
    .on('data', (data: Buffer) => {
      count(data.length);
      if (!to.write(data)) from.pause();
    })
    .on('end', () => to.end())
    .on('error', () => {
      // 'close' follows with the fact that there was one, and that is what matters to the other side.
    })
    .on('close', (failed: boolean) => {
      // After an orderly end the other side still has what was written last to deliver.
      if (failed || !from.readableEnded) to.destroy();
    });
}
