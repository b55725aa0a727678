import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Harness,
  liveRoute,
  Owned,
  previewHost,
  standstill,
  startHarness,
  tcpServer,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;

beforeEach(async () => {
  harness = owned.own(await startHarness());
});
afterEach(() => owned.end());

describe('200 MB', () => {
  const SIZE = 200 * 1024 * 1024;
  const PIECE = Buffer.alloc(64 * 1024, 'x');
  /** What the kernel's socket buffers may have swallowed beside our own. */
  const SLACK = 16 * 1024 * 1024;

  it('down to a client that does not read stay with the upstream, and then arrive', async () => {
    let sent = 0;
    const upstream = owned.own(
      await tcpServer((socket) => {
        const pump = () => {
          while (sent < SIZE) {
            sent += PIECE.length;
            if (!socket.write(PIECE)) return;
          }
        };
        socket.on('drain', pump);
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
          pump();
        });
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const client = connect(harness.port, '127.0.0.1');
    client.write(`GET / HTTP/1.1\r\nHost: ${previewHost(upstream.port)}\r\nConnection: close\r\n\r\n`);
    const settled = await standstill(() => sent);
    expect(settled).toBeLessThan(SLACK);
    let received = 0;
    client.on('data', (bytes) => {
      received += bytes.length;
    });
    await once(client, 'close');
    expect(received).toBeGreaterThan(SIZE);
  });

  it('up to an upstream that does not read stay with the client, and then arrive', async () => {
    let received = 0;
    const upstream = owned.own(
      await tcpServer((socket) => {
        socket.pause();
      }),
    );
    harness.route(liveRoute([upstream.port]));
    const client = connect(harness.port, '127.0.0.1');
    client.write(`POST / HTTP/1.1\r\nHost: ${previewHost(upstream.port)}\r\nContent-Length: ${SIZE}\r\n\r\n`);
    let sent = 0;
    const pump = () => {
      while (sent < SIZE) {
        sent += PIECE.length;
        if (!client.write(PIECE)) return;
      }
    };
    client.on('drain', pump);
    pump();
    expect(await standstill(() => sent)).toBeLessThan(SLACK);
    const socket = upstream.sockets[0];
    socket?.on('data', (bytes) => {
      received += bytes.length;
      if (received > SIZE) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
    socket?.resume();
    expect(String((await once(client, 'data'))[0])).toContain('204 No Content');
    expect(received).toBeGreaterThan(SIZE);
    client.destroy();
  });
});
