import { join } from 'node:path';
import type { Clock } from '../src/domain/ids.ts';
import type { Logger } from '../src/domain/log.ts';
import { WEB_PROCESS } from '../src/domain/manifest-schema.ts';
import { APP_DIRECTORY } from '../src/domain/paths.ts';
import type { RuntimeStatus } from '../src/domain/runtimed.ts';
import { App } from './app.ts';
import { Installer } from './boot/install.ts';
import { seedOf } from './boot/seed-plan.ts';
import { seedHome } from './boot/seeding.ts';
import { Changes } from './changes.ts';
import type { Route } from './control/call.ts';
import { execRoutes } from './control/exec-routes.ts';
import { fileRoutes } from './control/file-routes.ts';
import { logRoutes } from './control/log-routes.ts';
import { ControlServer } from './control/server.ts';
import { statusRoutes } from './control/status-routes.ts';
import { Workspace } from './files/workspace.ts';
import { Healing } from './healing.ts';
import { HealthMonitor } from './health/monitor.ts';
import { LogStore } from './logs/log-store.ts';
import { ManifestFile } from './manifest-file.ts';
import type { RuntimeOptions } from './options.ts';
import { type Environment, programEnvironment } from './processes/environment.ts';
import { Supervisor } from './processes/supervisor.ts';

/** What a runtime takes from outside. */
export interface RuntimeContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes names that nothing else in this sandbox has. */
  readonly newName: () => string;
}

/** A sandbox at work. Disposing of it stops every process and whatever is still under way, within 5 s. */
export interface Runtime extends AsyncDisposable {
  readonly status: RuntimeStatus;
  /** Resolves when somebody orders a shutdown over the control socket. */
  readonly shutdownOrdered: Promise<void>;
}

/** Milliseconds. A boot that has not come to its processes by then has something to install, or a slow disk. */
const QUICK_BOOT = 300;

/**
 * Returns when the control socket answers; the app boots meanwhile, and afterwards.
 * @throws the system's error when the socket cannot be made
 */
export async function startRuntime(options: RuntimeOptions, context: RuntimeContext): Promise<Runtime> {
  const { home, timings, controlDirectory } = options;
  const { logger, newName } = context;
  const changes = new Changes();
  const logs = new LogStore(home);
  const environment = programEnvironment(options.environment, home);
  const shared = {
    ...options,
    ...context,
    directory: join(home, APP_DIRECTORY),
    environment,
    changes,
    newMark: newName,
  };
  const supervisor = new Supervisor(logs, shared);
  const health = new HealthMonitor({ ...shared, log: logs.of(WEB_PROCESS), web: () => supervisor.web });
  const seed = seedOf(options.preset, options.template);
  const app = new App({
    seed: () => seedHome(options, seed, logger),
    installer: new Installer(shared),
    manifestFile: new ManifestFile(shared.directory, seed.preset, timings),
    supervisor,
    healing: new Healing({ ...shared, hasAbandoned: () => supervisor.hasAbandoned }),
    health,
    logs,
    changes,
    logger,
  });
  const shutdown = Promise.withResolvers<void>();
  const parts = { app, supervisor, changes, logs, environment, shutdown: shutdown.resolve };
  const routes = routesOf(parts, options, newName);
  const closing = new AbortController();
  const running = app.run(closing.signal).catch((error: unknown) => logger.error('boot failed', error));
  const end = async (...more: AsyncDisposable[]) => {
    closing.abort();
    const ended = [supervisor, health, ...more].map((part) => part[Symbol.asyncDispose]());
    await Promise.all([...ended, running]);
    await logs[Symbol.asyncDispose]();
  };
  // Nobody asks as early as that, and what is loaded to answer would hold up what they wait for.
  await app.begun(QUICK_BOOT);
  try {
    const server = await ControlServer.listen(controlDirectory, routes, logger);
    return {
      get status() {
        return app.status;
      },
      shutdownOrdered: shutdown.promise,
      [Symbol.asyncDispose]: () => end(server),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface RoutedParts {
  readonly app: App;
  readonly supervisor: Supervisor;
  readonly changes: Changes;
  readonly logs: LogStore;
  readonly environment: Environment;
  readonly shutdown: () => void;
}

/** The control protocol, on these parts. */
function routesOf(parts: RoutedParts, { home, timings }: RuntimeOptions, newName: () => string): Route[] {
  const { app, supervisor, changes, logs, environment, shutdown } = parts;
  const workspace = new Workspace(home, newName);
  const inHome = [...fileRoutes(workspace), ...execRoutes({ workspace, environment, newMark: newName })];
  return [
    ...statusRoutes({
      status: () => app.status,
      changes,
      heartbeat: timings.watchHeartbeat,
      restart: (scope) => app.restart(scope),
      shutdown,
    }),
    ...inHome.map((route) => after(app.seeded, route)),
    ...logRoutes({ logs, isDeclared: (name) => supervisor.has(name) }),
  ];
}

/** Holds a route back: what is written into an app that is about to be seeded would pass for its content. */
const after = (seeded: Promise<void>, route: Route): Route => ({
  ...route,
  handle: (call) => seeded.then(() => route.handle(call)),
});
