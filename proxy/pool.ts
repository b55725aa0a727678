import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';
import { type Endpoint, UpstreamConnection } from './upstream.ts';

/**
 * Every connection to one endpoint, idle or not. A pool belongs to one start of one sandbox: addresses are used again,
 * so nothing of it may outlive that start.
 */
export class Pool {
  readonly #endpoint: Endpoint;
  readonly #limits: Limits;
  readonly #open = new Set<Socket>();
  /** The most recently used last: the others get their chance to be dropped. */
  readonly #idle: { readonly connection: UpstreamConnection; readonly since: number }[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #destroyed = false;

  constructor(endpoint: Endpoint, limits: Limits) {
    this.#endpoint = endpoint;
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return !this.#destroyed;
  }

  /** A connection that has served before. Only for requests that may be repeated: it can be closing at this moment. */
  reuse(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()?.connection;
      if (connection === undefined || connection.usable) return connection;
    }
  }

  open(): UpstreamConnection {
    const connection = new UpstreamConnection(this.#endpoint, this.#limits, (served) => this.#keep(served));
    const { socket } = connection;
    this.#open.add(socket);
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#forget(connection);
    });
    return connection;
  }

  /** Cuts everything, requests in flight and tunnels included. */
  destroy(): void {
    this.#destroyed = true;
    clearTimeout(this.#sweeper);
    for (const socket of this.#open) socket.destroy();
    this.#idle.length = 0;
  }

  #keep(connection: UpstreamConnection): void {
    if (this.#idle.length >= this.#limits.idleSockets) {
      connection.destroy();
      return;
    }
    this.#idle.push({ connection, since: performance.now() });
    this.#sweeper ??= this.#sweepLater();
  }

  #forget(connection: UpstreamConnection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #sweepLater(): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), this.#limits.idleSocketMs / 2).unref();
  }

  #sweep(): void {
    const oldest = performance.now() - this.#limits.idleSocketMs / 2;
    while (this.#idle[0] !== undefined && this.#idle[0].since <= oldest) {
      this.#idle.shift()?.connection.destroy();
    }
    this.#sweeper = this.#idle.length > 0 ? this.#sweepLater() : undefined;
  }
}
