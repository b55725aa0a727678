import { lstat, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { asSandboxdError, invalid, notFound } from '../../src/domain/errors.ts';
import type { Logger } from '../../src/domain/log.ts';
import { CONTROL_SOCKET } from '../../src/domain/runtimed.ts';
import { pause } from '../pause.ts';
import { type Route, sendJson } from './call.ts';

/** Everything inside the sandbox can connect: it must not be able to use up the file descriptors. */
const MAX_CONNECTIONS = 200;

/** The control protocol's end inside the sandbox: HTTP over a Unix socket. */
export class ControlServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #routes: readonly Route[];
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #active = new Set<Promise<void>>();
  #keeping: Promise<void> = Promise.resolve();

  private constructor(server: Server, routes: readonly Route[], logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
    this.#server = server;
    server.on('request', (request, response) => {
      const answered = this.#answer(request, response).finally(() => this.#active.delete(answered));
      this.#active.add(answered);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('error', (error) => logger.error('control socket failed', error));
  }

  /**
   * Listens on the socket, in place of one that an earlier run has left, and again whenever somebody has removed it.
   * @param checkInterval milliseconds between two looks whether the socket is still there
   * @throws the system's error when the directory is not there or not writable
   */
  static async listen(
    directory: string,
    routes: readonly Route[],
    logger: Logger,
    checkInterval = 5000,
  ): Promise<ControlServer> {
    // Loading it takes longer than starting Node: whoever has something to do before that should not pay for it.
    const { createServer } = await import('node:http');
    const control = new ControlServer(createServer(), routes, logger);
    const path = join(directory, CONTROL_SOCKET);
    await control.#bind(path);
    control.#keeping = control.#keep(path, checkInterval);
    return control;
  }

  /** Cuts every request off; returns when what they had started is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await Promise.all(this.#active);
  }

  async #bind(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    const bound = Promise.withResolvers<void>();
    this.#server.once('error', bound.reject);
    this.#server.listen({ path }, bound.resolve);
    await bound.promise.finally(() => this.#server.off('error', bound.reject));
  }

  /** The directory is the tenant's too: one careless `rm` must not cut the sandbox off for good. */
  async #keep(path: string, interval: number): Promise<void> {
    const { signal } = this.#closing;
    // What is no socket has taken its place already.
    const inode = () =>
      lstat(path, { bigint: true }).then(
        (there) => (there.isSocket() ? there.ino : undefined),
        () => undefined,
      );
    let own = await inode();
    while (!signal.aborted) {
      await pause(interval, signal);
      if (signal.aborted || (own !== undefined && (await inode()) === own)) continue;
      this.#logger.warn('the control socket has gone, it is made anew');
      // Connections that are open live on; `close` only ends the listening.
      if (this.#server.listening) this.#server.close();
      own = await this.#bind(path).then(inode, (error: unknown) => {
        this.#logger.error('the control socket could not be made', error);
        return undefined;
      });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    const leave = () => left.abort();
    response.once('close', leave);
    this.#closing.signal.addEventListener('abort', leave);
    response.on('error', leave);
    request.on('error', leave);
    try {
      const url = URL.parse(request.url ?? '/', 'http://sandbox');
      if (url === null) throw invalid('The URL cannot be read.');
      const { route, parameter } = this.#find(request.method, url.pathname);
      await route.handle({ request, response, query: url.searchParams, parameter, signal: left.signal });
    } catch (thrown) {
      this.#fail(response, thrown);
    } finally {
      this.#closing.signal.removeEventListener('abort', leave);
    }
  }

  #find(method: string | undefined, path: string): { route: Route; parameter: string } {
    for (const route of this.#routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (match) return { route, parameter: match[1] ?? '' };
    }
    throw notFound('route of the control protocol');
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    const error = asSandboxdError(thrown);
    if (error.code === 'internal') this.#logger.error('request failed', thrown);
    // An answer that has begun can only be cut off: its end would say that it is whole.
    if (response.headersSent) response.destroy();
    else sendJson({ response }, error.toEnvelope(), error.status);
  }
}
