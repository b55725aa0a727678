import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Logger } from '../../domain/log.ts';
import type { GateOpening } from '../../domain/provider-gate.ts';
import type { TaskUsage } from '../../domain/task.ts';
import { type AgentError, agentError, giveUp, sendError } from './answer.ts';
import { tooLarge } from './broken.ts';
import { findEndpoint } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import { GRACE_MS, type GateLimits, MAX_HEAD_BYTES } from './limits.ts';
import type { Route } from './route.ts';
import { listenIn } from './socket.ts';

/** How often slow senders are looked for. */
const CHECK_INTERVAL_MS = 1000;
const NOT_HERE = agentError(404, 'There is nothing here but what a coding agent asks of its model.');

/** One sandbox's way to its provider: a socket, and what goes on over it. */
export class Opening implements GateOpening {
  readonly #route: Route;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #running = new Map<Exchange, Promise<void>>();
  #socket: AsyncDisposable | undefined;
  #closed: Promise<void> | undefined;

  private constructor(route: Route, log: Logger) {
    this.#route = route;
    this.#log = log;
    this.#server = boundedServer(route.limits);
    // What fails is one connection; without somebody to hear of it, it would be the node.
    this.#server.on('error', (error) => log.error("a provider's socket failed", error));
    this.#server.on('request', (request, response) => this.#receive(request, response));
  }

  /** @throws the system's error when the directory is not there; nothing is open then */
  static async at(directory: string, route: Route, log: Logger): Promise<Opening> {
    const opening = new Opening(route, log);
    opening.#socket = await listenIn(directory, opening.#server);
    return opening;
  }

  get usage(): TaskUsage {
    return this.#route.usage;
  }

  get trouble(): string | undefined {
    return this.#route.trouble.description;
  }

  get failure(): string | undefined {
    return this.#route.trouble.failure;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const exchange of this.#running.keys()) exchange.leave();
    const ended = Promise.all(this.#running.values());
    await this.#socket?.[Symbol.asyncDispose]();
    await ended;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    // Either side's connection may break at any moment; what that means is told by `close`.
    request.on('error', () => {});
    response.on('error', () => {});
    const endpoint = request.headers.upgrade === undefined && findEndpoint(request.method, request.url);
    const error = endpoint ? this.#obstacle(request) : NOT_HERE;
    if (endpoint && error === undefined) {
      this.#exchange(new Exchange(this.#route, endpoint, request, response), response);
    } else sendError(response, error ?? NOT_HERE);
  }

  /** Why a request is not even tried. */
  #obstacle({ headers }: IncomingMessage): AgentError | undefined {
    const { refusal, limits } = this.#route;
    if (this.#closed !== undefined) return agentError(503, 'The task is over.');
    if (refusal !== undefined) return giveUp(refusal.message);
    // One connection can carry many requests without waiting for an answer.
    if (this.#running.size >= limits.maxConnections) {
      return agentError(503, `More than ${limits.maxConnections} requests at a time.`);
    }
    const isTooLarge = Number(headers['content-length'] ?? 0) > limits.maxBodyBytes;
    return isTooLarge ? agentError(413, tooLarge(limits.maxBodyBytes).message) : undefined;
  }

  #exchange(exchange: Exchange, response: ServerResponse): void {
    response.once('close', () => exchange.leave());
    const done = exchange.run().catch((error: unknown) => {
      this.#log.error('a request to a provider failed on our side', error, {
        provider: this.#route.upstream.provider,
      });
      response.destroy();
    });
    this.#running.set(exchange, done);
    void done.then(() => this.#running.delete(exchange));
  }
}

/** Nobody in a sandbox can hold much of the node: not by many connections, nor by big heads, nor by sending slowly. */
function boundedServer({ headMs, requestMs, silenceMs, maxConnections }: GateLimits): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, headMs),
    // A connection that is kept may be used again for as long as a step of an agent's work takes.
    keepAliveTimeout: 60_000,
  });
  server.maxConnections = maxConnections;
  // An agent that does not read its answer; one that waits hears of the provider's silence before.
  server.timeout = silenceMs + GRACE_MS;
  return server;
}
