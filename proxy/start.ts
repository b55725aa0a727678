import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SandboxdError } from '../src/domain/errors.ts';
import type { ProxyCommand, ProxyNotice, ProxyOptions, Route, Traffic } from '../src/domain/routing.ts';
import type { WorkerInput } from './worker.ts';

export interface ProxyHandlers {
  /** Somebody who may is waiting for this sandbox: start or thaw it, and send its route as it changes. */
  onWake(sandboxId: string): void;
  /** About once a second while there is anything to report. */
  onTraffic(traffic: readonly Traffic[]): void;
  /** For the operator: the worker failed, or is back. */
  log(message: string): void;
}

export type RouteCommand = Exclude<ProxyCommand, { type: 'close' }>;

export interface RunningProxy extends AsyncDisposable {
  /** The one listened on, also when any free one was asked for. */
  readonly port: number;
  /** In force within milliseconds. A command sent while the worker is being replaced is not lost. */
  send(command: RouteCommand): void;
}

/**
 * Megabytes. A small young generation costs no speed, because a request leaves little behind, and keeps the resident
 * size down; a leak ends the worker, which is replaced, and not the whole process.
 */
const HEAP = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 512 };
/** Until a worker that was asked to close is ended regardless: above what it gives to requests in flight. */
const CLOSE_MS = 8_000;
/** Between a worker's end and the next one, doubling while they keep falling. */
const RESTART_MS = { first: 50, most: 5_000 };
/** A worker that lived so long was not broken from the start. */
const STABLE_MS = 60_000;

/**
 * Starts the preview proxy in a worker of its own, so that nothing the API does can stall a preview. A worker that dies
 * is replaced, on the same port and with the routes last sent. Disposing of it lets requests in flight end for a few
 * seconds.
 * @throws unavailable when the address cannot be listened on
 */
export async function startProxy(options: ProxyOptions, handlers: ProxyHandlers): Promise<RunningProxy> {
  const supervisor = new Supervisor(options, handlers);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements RunningProxy {
  readonly #handlers: ProxyHandlers;
  readonly #routes = new Map<string, Route>();
  #options: ProxyOptions;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #delayMs = RESTART_MS.first;
  #closed = false;

  constructor(options: ProxyOptions, handlers: ProxyHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  get port(): number {
    return this.#options.port;
  }

  async start(): Promise<void> {
    const worker = this.#spawn();
    const port = await listeningPort(worker, this.#options);
    const since = performance.now();
    this.#options = { ...this.#options, port };
    worker.on('message', (notice: ProxyNotice) => this.#hear(notice));
    worker.once('exit', () => this.#fell(performance.now() - since));
  }

  send(command: RouteCommand): void {
    if (command.type === 'remove') this.#routes.delete(command.sandboxId);
    if (command.type === 'routes') this.#routes.clear();
    const routes =
      command.type === 'route' ? [command.route] : command.type === 'routes' ? command.routes : [];
    for (const route of routes) this.#routes.set(route.sandboxId, route);
    this.#tell(command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = once(worker, 'exit');
    const timer = setTimeout(() => void worker.terminate(), CLOSE_MS);
    this.#tell({ type: 'close' });
    await ended;
    clearTimeout(timer);
  }

  #tell(command: ProxyCommand): void {
    this.#worker?.postMessage(command);
  }

  #spawn(): Worker {
    const workerData: WorkerInput = { options: this.#options, routes: [...this.#routes.values()] };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData,
      name: 'previews',
      resourceLimits: HEAP,
    });
    worker.on('error', (error) => this.#handlers.log(`The preview proxy failed: ${stackOf(error)}`));
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }

  #hear(notice: ProxyNotice): void {
    if (notice.type === 'wake') this.#handlers.onWake(notice.sandboxId);
    else if (notice.type === 'traffic') this.#handlers.onTraffic(notice.traffic);
  }

  #fell(livedMs: number): void {
    if (this.#closed) return;
    this.#delayMs = livedMs > STABLE_MS ? RESTART_MS.first : Math.min(this.#delayMs * 2, RESTART_MS.most);
    this.#handlers.log(`The preview proxy ended unexpectedly; it is started again in ${this.#delayMs} ms.`);
    this.#restart = setTimeout(() => void this.#startAgain(), this.#delayMs);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.start();
      this.#handlers.log(`The preview proxy listens on port ${this.port} again.`);
    } catch (error) {
      this.#handlers.log(String(error));
      this.#fell(0);
    }
  }
}

/** @throws unavailable when the worker ends without listening */
async function listeningPort(worker: Worker, { host, port }: ProxyOptions): Promise<number> {
  const gone = new AbortController();
  worker.once('exit', () => gone.abort());
  try {
    const [notice] = (await once(worker, 'message', { signal: gone.signal })) as [ProxyNotice];
    if (notice.type === 'listening') return notice.port;
    const reason = notice.type === 'unable' ? (REASONS[notice.code] ?? notice.code) : 'it did not start';
    throw new SandboxdError('unavailable', `Cannot listen on ${host}:${port}: ${reason}.`);
  } catch (error) {
    if (error instanceof SandboxdError) throw error;
    throw new SandboxdError('unavailable', 'The preview proxy ended before it listened.', { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses that port. Stop it, or choose another one',
  EACCES: 'this user may not listen there. Choose a port above 1023, or run as root',
  EADDRNOTAVAIL: 'this machine has no such address',
};

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
