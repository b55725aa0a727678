import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** An agent keeps a few; whatever else runs in the sandbox must not use up the file descriptors. */
const MAX_CONNECTIONS = 64;
const HOST = '127.0.0.1';

/** The way from the sandbox's loopback to its node's proxy, which knows the provider and its key. Bytes, unread. */
export class ProviderBridge implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  }

  /**
   * @param socketPath where the node listens
   * @throws the system's error when there is no port left
   */
  static async open(socketPath: string): Promise<ProviderBridge> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (inside) => {
      const outside = connect({ path: socketPath, allowHalfOpen: true });
      for (const [socket, other] of [
        [inside, outside],
        [outside, inside],
      ] as const) {
        sockets.add(socket);
        // An end that breaks is the end of both; whoever is at the other one sees it as that.
        socket.on('error', () => other.destroy());
        socket.once('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.listen({ host: HOST, port: 0 });
    await once(server, 'listening');
    // Out of file descriptors: a connection is refused, and the agent tries again.
    server.on('error', () => {});
    return new ProviderBridge(server, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
