import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pause } from '../pause.ts';

/** An agent keeps a few; whatever else runs in the sandbox must not use up the file descriptors. */
const MAX_CONNECTIONS = 64;
const HOST = '127.0.0.1';
/** A node that restarts is back by then, in milliseconds; an agent may not try as often as that takes. */
const PATIENCE = 60_000;
const RETRY = 200;

/** The way from the sandbox's loopback to its node's proxy, which knows the provider and its key. Bytes, unread. */
export class ProviderBridge implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();

  private constructor(server: Server, socketPath: string) {
    this.#server = server;
    this.url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
    server.on('connection', (inside) => void this.#link(inside, socketPath));
    // Out of file descriptors: a connection is refused, and the agent tries again.
    server.on('error', () => {});
  }

  /**
   * @param socketPath where the node listens
   * @throws the system's error when there is no port left
   */
  static async open(socketPath: string): Promise<ProviderBridge> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    server.listen({ host: HOST, port: 0 });
    await once(server, 'listening');
    return new ProviderBridge(server, socketPath);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #link(inside: Socket, socketPath: string): Promise<void> {
    this.#keep(inside);
    const outside = await this.#reach(socketPath, inside);
    if (outside === undefined) {
      inside.destroy();
      return;
    }
    this.#keep(outside);
    // An end that breaks is the end of both; whoever is at the other one sees it as that.
    inside.once('close', () => outside.destroy());
    outside.once('close', () => inside.destroy());
    inside.pipe(outside).pipe(inside);
    if (inside.destroyed) outside.destroy();
  }

  /** Waits for a node that restarts. Undefined when it does not come back in time, or nobody wants it any more. */
  async #reach(socketPath: string, inside: Socket): Promise<Socket | undefined> {
    const deadline = performance.now() + PATIENCE;
    while (!inside.destroyed && performance.now() < deadline) {
      const outside = connect({ path: socketPath, allowHalfOpen: true });
      try {
        await once(outside, 'connect');
        return outside;
      } catch {
        outside.destroy();
        await pause(RETRY, this.#closing.signal);
      }
    }
    return undefined;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
