import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real HTTP server that keeps what it is sent. */
export interface Receiver extends AsyncDisposable {
  /** Without a path. */
  readonly origin: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections that are open now. */
  readonly connections: number;
}

/** @param answer what it does with a request once that was read; it answers 204 when it is left out */
export async function startReceiver(
  answer: RequestListener = (_, outgoing) => outgoing.writeHead(204).end(),
  { host = '127.0.0.1', port = 0 } = {},
): Promise<Receiver> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then(
      (body) => {
        const { method, url, headers } = incoming;
        received.push({ method, path: url, headers, body });
        return answer(incoming, outgoing);
      },
      // Whoever leaves in the middle of asking has asked nothing.
      () => outgoing.destroy(),
    );
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => (connections -= 1));
  });
  await once(server.listen(port, host), 'listening');
  const address = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${address.port}`,
    port: address.port,
    received,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
