import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { writingLogger } from '../../tests/fakes/recording-logger.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { CONTROL_SOCKET, type RuntimeStatus } from '../../src/domain/runtimed.ts';
import { Configuration } from '../config/configuration.ts';
import { type RuntimeOptions, TIMINGS, type Timings } from '../options.ts';
import { type RuntimeContext, startRuntime } from '../runtime.ts';
import { Client } from './client.ts';
import { scriptedAgents } from './scripted-agent.ts';
import { temporaryDirectory } from './temporary.ts';
import { until } from './until.ts';

/** Fast enough for tests, and in the order of the real ones. */
export const QUICK: Timings = {
  ...TIMINGS,
  stopGrace: 500,
  shutdownGrace: 500,
  firstRestart: 20,
  longestRestart: 80,
  quickExit: 50_000,
  firstProbe: 10,
  probeStarting: 20,
  probeReady: 50,
  probeDown: 30,
  manifestPoll: 200,
  manifestRest: 20,
  sourcePoll: 50,
  firstRevival: 10,
  longestRevival: 80,
  agentGrace: 500,
  agentExit: 300,
  familyPoll: 30,
  healthLimit: 20_000,
  downPatience: 300,
  steadyWorker: 1000,
  workerPatience: 3000,
  messageInterval: 50,
};

export interface SandboxSetup {
  readonly preset?: string;
  readonly template?: string;
  readonly timings?: Partial<Timings>;
  readonly agents?: RuntimeContext['agents'];
  /** Where visitors come in. */
  readonly webHost?: string;
  readonly environment?: Record<string, string>;
  /** Files of the app directory, by path. */
  readonly app?: Record<string, string>;
  /** Files of the rest of the home. */
  readonly home?: Record<string, string>;
  /** Files of the image: `templates/<name>/…`, `layers/<name>/…` and `skeleton/…`. */
  readonly image?: Record<string, string>;
}

/** The directories of a sandbox, without anything running in them. */
export interface Machine extends AsyncDisposable {
  readonly root: string;
  readonly home: string;
  readonly app: string;
  readonly options: RuntimeOptions;
  readonly client: Client;
  readonly agents: RuntimeContext['agents'];
}

export async function prepareMachine(setup: SandboxSetup = {}): Promise<Machine> {
  const directory = await temporaryDirectory();
  const root = directory.path;
  const [home, controlDirectory] = [join(root, 'home'), join(root, 'control')];
  await Promise.all([mkdir(home), mkdir(controlDirectory)]);
  const app = join(home, APP_DIRECTORY);
  await writeFiles(app, setup.app);
  await writeFiles(home, setup.home);
  await writeFiles(root, setup.image);
  const options: RuntimeOptions = {
    home,
    controlDirectory,
    providerSocket: join(root, 'provider.sock'),
    templates: join(root, 'templates'),
    layers: join(root, 'layers'),
    skeleton: join(root, 'skeleton'),
    preset: setup.preset,
    template: setup.template,
    environment: { PATH: process.env['PATH'], ...setup.environment },
    webHost: setup.webHost ?? '127.0.0.1',
    timings: { ...QUICK, ...setup.timings },
  };
  const client = new Client(join(controlDirectory, CONTROL_SOCKET));
  const agents = setup.agents ?? scriptedAgents;
  return {
    root,
    home,
    app,
    options,
    client,
    agents,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

export interface RunningSandbox extends Machine {
  /** Every line that was logged. */
  readonly log: readonly string[];
  readonly shutdownOrdered: Promise<void>;
  /** Waits until the status is as wanted. */
  reaches(isWanted: (status: RuntimeStatus) => boolean): Promise<RuntimeStatus>;
  stop(): Promise<void>;
}

/** A whole runtime with real processes, in directories of its own. */
export async function startSandbox(setup: SandboxSetup = {}): Promise<RunningSandbox> {
  const machine = await prepareMachine(setup);
  return runIn(machine);
}

/** Runs in directories that are there, and takes them away in the end. */
export async function runIn(machine: Machine): Promise<RunningSandbox> {
  const log: string[] = [];
  const runtime = await startRuntime(machine.options, {
    clock: () => Date.now(),
    logger: collecting(log),
    configuration: new Configuration(machine.options.environment, machine.options.home),
    newName: randomUUID,
    agents: machine.agents,
  });
  const stop = async () => runtime[Symbol.asyncDispose]();
  return {
    ...machine,
    log,
    shutdownOrdered: runtime.shutdownOrdered,
    reaches: (isWanted) =>
      until(async () => {
        const status = await machine.client.status();
        if (!isWanted(status)) throw new Error(JSON.stringify(status));
        return status;
      }),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await machine[Symbol.asyncDispose]();
    },
  };
}

/** What the logger was given, a line of text each. */
export const collecting = writingLogger;

export async function writeFiles(directory: string, files: Record<string, string> = {}): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

export const readIn = (directory: string, path: string): Promise<string> =>
  readFile(join(directory, path), 'utf8');

/** Of each worker that runs tests; below those that the system gives to whoever asks for any port. */
const FIRST_PORT = 10_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 20) * 1000;
let ports = randomInt(1000);

/** A port that nothing listens on, and that nobody else is given until somebody does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (ports++ % 1000);
    const server = createServer();
    try {
      await once(server.listen(port), 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A web app that answers 200, for `web.command`. */
export const WEB_APP = `node -e "require('http').createServer((q, s) => s.end('hello')).listen(process.env.PORT, '127.0.0.1')"`;

/** A `sandbox.yaml`, which as JSON is YAML too. */
export const manifest = (value: object): string => JSON.stringify({ version: 1, ...value });
