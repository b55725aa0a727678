import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AnswerContext, answer, badRequest } from './answer.ts';
import { ambiguity, asksForWebSocket } from './ingress.ts';
import type { Limits } from './limits.ts';
import { Visit } from './visit.ts';

/** Requests a client may send ahead on one connection; they are served one after the other. */
const PIPELINED = 32;
/** Connections the kernel may have ready for us. */
const BACKLOG = 4096;

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly context: AnswerContext;
  readonly limits: Limits;
  readonly serve: (visit: Visit) => void;
}

/** The public listener: what it lets through is one unambiguous request of a client that is still there. */
export class ClientServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  /** Requests not yet answered, by connection. */
  readonly #open = new WeakMap<Socket, number>();
  readonly #upgraded = new Set<Socket>();
  #closing = false;

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...settings(options.limits),
      shouldUpgradeCallback: (req) => asksForWebSocket(req) && !this.#isBusy(req.socket),
    });
    // Nothing is left out silently: the size of the whole head is the limit.
    this.#server.maxHeadersCount = 0;
    this.#server.maxConnections = options.limits.clientConnections;
    this.#server.timeout = options.limits.clientSilenceMs;
    this.#server
      .on('timeout', (socket) => this.#silent(socket))
      .on('request', (req, res) => this.#request(req, res, false))
      .on('checkContinue', (req, res) => this.#request(req, res, true))
      .on('upgrade', (req, socket, early) => this.#upgrade(req, socket, early))
      .on('connect', (_req, socket: Duplex) =>
        socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n'),
      );
  }

  /** @throws the system's error when the address cannot be listened on */
  static async listen(options: ServerOptions): Promise<ClientServer> {
    const server = new ClientServer(options);
    const listening = once(server.#server, 'listening');
    server.#server.listen({ host: options.host, port: options.port, backlog: BACKLOG });
    await listening;
    // A connection that could not be accepted is its client's concern alone.
    server.#server.on('error', () => undefined);
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections, lets requests in flight end, and cuts what is left after `closeMs`. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#upgraded) socket.destroy();
    const timer = setTimeout(() => this.#server.closeAllConnections(), this.#options.limits.closeMs);
    await closed;
    clearTimeout(timer);
  }

  #request(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): void {
    const { socket } = req;
    const open = (this.#open.get(socket) ?? 0) + 1;
    this.#open.set(socket, open);
    if (open > PIPELINED) {
      socket.destroy();
      return;
    }
    res.on('close', () => this.#answered(socket));
    const visit = new Visit(req, res, awaitsContinue);
    // A response without a socket waits for the one before it on the same connection.
    if (res.socket === null) res.once('socket', () => this.#serve(visit));
    else this.#serve(visit);
  }

  #upgrade(req: IncomingMessage, stream: Duplex, early: Buffer): void {
    const socket = stream as Socket;
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    // A failed socket closes next, and everybody concerned listens for that.
    socket.on('error', () => undefined);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    // What the server itself does for a response of its own making.
    socket.on('drain', () => res.emit('drain'));
    res.on('finish', () => socket.destroySoon());
    this.#serve(new Visit(req, res, false, early));
  }

  #serve(visit: Visit): void {
    // Writing to a client that has just left fails, and its leaving is told by 'close'.
    visit.res.on('error', () => undefined);
    const problem = ambiguity(visit.req);
    if (problem === undefined) this.#options.serve(visit);
    else answer(visit, badRequest(problem), this.#options.context);
  }

  /** Silence is a fault when nothing is asked, or when the client does not take what it asked for. */
  #silent(socket: Socket): void {
    if (!this.#isBusy(socket) || socket.writableLength > 0) socket.destroy();
  }

  #answered(socket: Socket): void {
    this.#open.set(socket, (this.#open.get(socket) ?? 1) - 1);
    if (this.#closing) this.#server.closeIdleConnections();
  }

  #isBusy(socket: Socket): boolean {
    return (this.#open.get(socket) ?? 0) > 0;
  }
}

/** Strict, and with a limit on everything a client can make us keep. */
function settings(limits: Limits) {
  return {
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: limits.clientHeadBytes,
    highWaterMark: 64 * 1024,
    headersTimeout: limits.clientHeadMs,
    requestTimeout: limits.clientRequestMs,
    // Silence between requests is noticed as any other: a timer of its own would be set twice for each request.
    keepAliveTimeout: 0,
    connectionsCheckingInterval: Math.min(5000, limits.clientHeadMs),
    noDelay: true,
    // A peer that vanished without a word is found out.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
}
