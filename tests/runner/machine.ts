import { join } from 'node:path';
import { createTerminal } from '../../src/cli/terminal.ts';
import { type PreparedDocker, prepareDocker } from '../../src/cli/prepare/docker.ts';
import { loadConfig } from '../../src/config.ts';
import { findProgram } from '../../src/host/find-program.ts';
import { installPackages } from '../../src/host/packages.ts';
import { findProcess } from '../../src/host/processes.ts';
import { waitFor } from '../../src/host/wait-for.ts';
import { ensureImage } from '../../images/build.ts';
import type { Surroundings } from './steps.ts';

/** An engine for the tests. One that was started for them is ended when it is disposed; any other stays. */
export interface TestEngine extends AsyncDisposable {
  readonly prepared: PreparedDocker;
}

const END_DEADLINE_MS = 60_000;
const terminal = createTerminal({ input: process.stdin, output: process.stdout, errors: process.stderr });

export async function startEngine({ root, env, signal }: Surroundings): Promise<TestEngine> {
  const prepared = await prepareDocker({
    terminal,
    socketPath: loadConfig(env).dockerSocket,
    logFile: join(root, 'tests/output/dockerd.log'),
    yes: true,
    signal,
  });
  return {
    prepared,
    async [Symbol.asyncDispose]() {
      if (prepared.startedPid !== undefined) await endProcess(prepared.startedPid);
    },
  };
}

/** Its own signal: an interrupted run ends what it started as well. */
async function endProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const gone = async () => ((await findProcess(pid)) === undefined ? true : undefined);
  const signal = AbortSignal.timeout(END_DEADLINE_MS);
  await waitFor(gone, { deadlineMs: END_DEADLINE_MS, signal });
}

/** Built before the tests, whose time limits are not made for that. */
export async function buildBaseImage({ prepared }: TestEngine, { env, signal }: Surroundings): Promise<void> {
  using progress = terminal.progress('Base image');
  const onProgress = progress.update.bind(progress);
  const config = loadConfig(env);
  await ensureImage({ docker: prepared.docker, network: config, agents: config.agents, onProgress, signal });
}

/** Programs that tests call, and the packages they come in. */
const TOOLS = {
  ip: 'iproute2',
  openssl: 'openssl',
  python3: 'python3',
  unzip: 'unzip',
  chromium: 'chromium',
};

/** Installs what is missing of them, as root on Debian or Ubuntu. */
export async function ensureTools({ signal }: Surroundings): Promise<void> {
  const missing = Object.entries(TOOLS).filter(([program]) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  using progress = terminal.progress('Test tools');
  const step = `Installing ${missing.map(([, name]) => name).join(', ')}`;
  const onLine = (detail: string) => progress.update({ step, detail });
  await installPackages(
    missing.map(([, name]) => name),
    { signal, onLine },
  );
}
