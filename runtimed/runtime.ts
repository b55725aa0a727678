import { join } from 'node:path';
import type { AgentId } from '../src/domain/coding-agent.ts';
import type { Clock } from '../src/domain/ids.ts';
import type { Logger } from '../src/domain/log.ts';
import { WEB_PROCESS } from '../src/domain/manifest-schema.ts';
import { APP_DIRECTORY } from '../src/domain/paths.ts';
import type { RuntimeStatus } from '../src/domain/runtimed.ts';
import type { DriverLoader } from './agents/driver.ts';
import { App } from './app.ts';
import { Installer } from './boot/install.ts';
import { seedOf } from './boot/seed-plan.ts';
import { seedHome } from './boot/seeding.ts';
import { Changes } from './changes.ts';
import type { Configuration } from './config/configuration.ts';
import type { Route } from './control/call.ts';
import { configRoutes } from './control/config-routes.ts';
import { execRoutes } from './control/exec-routes.ts';
import { fileRoutes } from './control/file-routes.ts';
import { logRoutes } from './control/log-routes.ts';
import { ControlServer } from './control/server.ts';
import { statusRoutes } from './control/status-routes.ts';
import { taskRoutes } from './control/task-routes.ts';
import { Workspace } from './files/workspace.ts';
import { Healing } from './healing.ts';
import { HealthMonitor } from './health/monitor.ts';
import { LogStore } from './logs/log-store.ts';
import { ManifestFile } from './manifest-file.ts';
import type { RuntimeOptions } from './options.ts';
import { orAborted } from './pause.ts';
import { type Environment, programEnvironment } from './processes/environment.ts';
import { Supervisor } from './processes/supervisor.ts';
import { Checkpoints } from './tasks/checkpoints.ts';
import { SessionMemory } from './tasks/session-memory.ts';
import { TaskStore } from './tasks/task-store.ts';
import { Tasks } from './tasks/tasks.ts';

/** What a runtime takes from outside. */
export interface RuntimeContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this sandbox alone, and empty when it starts. */
  readonly configuration: Configuration;
  /** Makes names that nothing else in this sandbox has. */
  readonly newName: () => string;
  /** The agents that can work here. */
  readonly agents: ReadonlyMap<AgentId, DriverLoader>;
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
  const { controlDirectory } = options;
  const { logger, configuration } = context;
  const parts = compose(options, context);
  const { app, tasks, supervisor, health, logs } = parts;
  const shutdown = Promise.withResolvers<void>();
  const routes = routesOf(parts, options, context.newName, shutdown.resolve);
  const closing = new AbortController();
  const running = app.run(closing.signal).catch((error: unknown) => logger.error('boot failed', error));
  const end = async (...more: AsyncDisposable[]) => {
    closing.abort();
    const ended = [supervisor, health, tasks, ...more].map((part) => part[Symbol.asyncDispose]());
    await Promise.all([...ended, running]);
    await logs[Symbol.asyncDispose]();
  };
  // Nobody asks as early as that, and what is loaded to answer would hold up what they wait for; unless that waits for
  // what is told over the socket.
  if (!configuration.isAwaited) await app.begun(QUICK_BOOT);
  tasks.recover(configuration.received);
  try {
    const server = await ControlServer.listen(controlDirectory, routes, logger);
    return {
      get status() {
        return statusOf(parts);
      },
      shutdownOrdered: shutdown.promise,
      [Symbol.asyncDispose]: () => end(server),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface Parts {
  readonly app: App;
  readonly workspace: Workspace;
  readonly tasks: Tasks;
  readonly supervisor: Supervisor;
  readonly health: HealthMonitor;
  readonly changes: Changes;
  readonly logs: LogStore;
  readonly environment: Environment;
  readonly configuration: Configuration;
}

/** Everything that makes a sandbox, at rest. */
function compose(options: RuntimeOptions, context: RuntimeContext): Parts {
  const { home, timings } = options;
  const { logger, newName, configuration } = context;
  const [changes, logs] = [new Changes(), new LogStore(home, configuration)];
  const directory = join(home, APP_DIRECTORY);
  const environment = programEnvironment(options.environment, home);
  const shared = {
    ...options,
    ...context,
    directory,
    environment,
    appEnvironment: () => configuration.environment,
    masks: configuration,
    changes,
    newMark: newName,
  };
  const supervisor = new Supervisor(logs, shared);
  const health = new HealthMonitor({ ...shared, log: logs.of(WEB_PROCESS), web: () => supervisor.web });
  const seed = seedOf(options.preset, options.template);
  const manifestFile = new ManifestFile(directory, seed.preset, timings);
  const healing = new Healing({
    ...shared,
    hasAbandoned: () => supervisor.hasAbandoned,
    isHeldBack: () => tasks.isBusy,
  });
  const app = new App({
    seed: () => seedHome(options, seed, logger),
    configuration,
    installer: new Installer(shared),
    manifestFile,
    supervisor,
    healing,
    health,
    logs,
    changes,
    logger,
  });
  const workspace = new Workspace(home, newName);
  const tasks = new Tasks({
    ...shared,
    app,
    health,
    store: new TaskStore(home),
    checkpoints: new Checkpoints({ ...shared, workspace }),
    sessions: new SessionMemory(home),
    loadManifest: async () => (await manifestFile.load()).manifest,
    webLogPath: logs.of(WEB_PROCESS).path,
    drivers: context.agents,
  });
  return { app, workspace, tasks, supervisor, health, changes, logs, environment, configuration };
}

/** The control protocol, on these parts. */
function routesOf(
  parts: Parts,
  { timings }: RuntimeOptions,
  newName: () => string,
  shutdown: () => void,
): Route[] {
  const { app, workspace, tasks, supervisor, changes, logs, environment, configuration } = parts;
  const inHome = [
    ...fileRoutes(workspace),
    ...execRoutes({ workspace, environment, newMark: newName, masks: configuration }),
    // What they start and what they tell depends on it.
    ...taskRoutes(tasks).map((route) => after(configuration.received, route)),
  ];
  return [
    ...statusRoutes({
      status: () => statusOf(parts),
      changes,
      heartbeat: timings.watchHeartbeat,
      restart: (scope) => app.restart(scope),
      shutdown,
    }),
    ...configRoutes({ configuration, changes }),
    ...inHome.map((route) => after(app.seeded, route)),
    ...logRoutes({ logs, isDeclared: (name) => supervisor.has(name) }),
  ];
}

function statusOf({ app, tasks }: Pick<Parts, 'app' | 'tasks'>): RuntimeStatus {
  const { activeId } = tasks;
  return { ...app.status, ...(activeId !== undefined && { active_task_id: activeId }) };
}

/** Holds a route back: what is written into an app that is about to be seeded would pass for its content. */
const after = (ready: Promise<void>, route: Route): Route => ({
  ...route,
  handle: async (call) => {
    await orAborted(ready, call.signal);
    if (!call.signal.aborted) await route.handle(call);
  },
});
