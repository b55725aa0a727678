import { join } from 'node:path';
import { type RunningProxy, startProxy } from '../../proxy/start.ts';
import type { RunningAgent } from '../agent/start.ts';
import type { Config } from '../config.ts';
import type { Ports } from '../domain/ports.ts';
import { type AdminActions, createAdminApp } from '../routes/admin/index.ts';
import { listenOnSocket } from './listen.ts';

/** How long a visitor's request waits for a sandbox to wake. */
const HOLD_LIMIT_MS = 30_000;

export interface FrontOptions {
  readonly config: Config;
  readonly port: number;
  /** Where the console is opened. */
  readonly origins: readonly string[];
  readonly ports: Ports;
  readonly running: RunningAgent;
  /** The API and console. */
  readonly handle: (request: Request) => Response | Promise<Response>;
  /** What the command line can ask for. */
  readonly admin: AdminActions;
}

/** Opens everything that can be connected to: the admin socket last, since it says that the server is ready. */
export async function openFronts(
  options: FrontOptions,
): Promise<Pick<RunningProxy, 'send'> & AsyncDisposable> {
  const { config, port, origins, ports, running } = options;
  const { log, instance } = ports;
  await using opening = new AsyncDisposableStack();
  const consoleSocket = join(config.dataDir, 'console.sock');
  opening.use(await listenOnSocket(consoleSocket, options.handle));
  const proxy = opening.use(
    await startProxy(
      {
        host: config.listen.host,
        port,
        domain: config.domain,
        tls: instance.addressing.tls,
        consoleOrigins: origins,
        consoleSocket,
        previewKey: instance.previewKey,
        holdLimitMs: HOLD_LIMIT_MS,
      },
      { onWake: running.onWake, onTraffic: running.onTraffic, log: (message) => log.warn(message) },
    ),
  );
  const admin = createAdminApp(ports, options.admin);
  opening.use(await listenOnSocket(join(config.dataDir, 'admin.sock'), (request) => admin.fetch(request)));
  const closing = opening.move();
  return { send: (command) => proxy.send(command), [Symbol.asyncDispose]: () => closing.disposeAsync() };
}
