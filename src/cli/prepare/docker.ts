import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import Docker from 'dockerode';
import { findProgram } from '../../host/find-program.ts';
import { logTail } from '../../host/log-tail.ts';
import { canInstallPackages, installPackages } from '../../host/packages.ts';
import { findProcess } from '../../host/processes.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import { waitFor } from '../../host/wait-for.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { spawnDockerd } from './dockerd.ts';

export interface DockerPreparation {
  readonly terminal: Terminal;
  readonly socketPath: string;
  /** Where an engine that no init system starts writes its log. */
  readonly logFile: string;
  /** Installs without asking. */
  readonly yes: boolean;
  readonly signal: AbortSignal;
}

/** A container engine that answers. */
export interface PreparedDocker {
  readonly docker: Docker;
  /** The engine this preparation started itself, which nothing else will end. */
  readonly startedPid?: number;
}

const DEFAULT_SOCKETS = new Set(['/var/run/docker.sock', '/run/docker.sock']);
/** The init system starts it again after the machine's next boot, too. */
const SERVICE_MANAGERS = [
  { runs: '/run/systemd/system', start: ['systemctl', 'start', 'docker'] },
  { runs: '/run/openrc/softlevel', start: ['rc-service', 'docker', 'start'] },
] as const;
const PID_FILE = '/var/run/docker.pid';
const START_DEADLINE_MS = 60_000;
const PING_DEADLINE_MS = 5_000;

/**
 * Makes sure that an engine answers: installs it from the distribution and starts it where it is missing. A second
 * engine is never started beside one that runs or comes up.
 * @throws Failure with what to do when it cannot be made to answer
 */
export async function prepareDocker(options: DockerPreparation): Promise<PreparedDocker> {
  const docker = new Docker({ socketPath: options.socketPath });
  if (await answers(options)) return { docker };
  if (!DEFAULT_SOCKETS.has(options.socketPath)) {
    throw new Failure(
      `no engine answers on ${options.socketPath} (SANDBOXD_DOCKER_SOCKET). Start that one, or unset the variable to have the machine's own used.`,
    );
  }
  await installMissing(options);
  return { docker, ...(await startEngine(options)) };
}

/** @throws Failure when there is an engine that refuses this user */
async function answers({ socketPath, signal }: DockerPreparation): Promise<boolean> {
  try {
    await new Docker({ socketPath, timeout: PING_DEADLINE_MS }).ping();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false;
    throw new Failure(
      `this user may not use the Docker engine (${socketPath}). Run sandboxd as root, or add the user to the group "docker" and log in again.`,
    );
  }
}

async function installMissing({ terminal, yes, signal }: DockerPreparation): Promise<void> {
  const programs = { 'docker.io': 'dockerd', iptables: 'iptables' } as const;
  const missing = Object.entries(programs).flatMap(([name, program]) => (findProgram(program) ? [] : [name]));
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!canInstallPackages()) {
    throw new Failure(
      `Docker is not installed, and sandboxd installs it only as root on Debian or Ubuntu. Install Docker Engine and iptables by your distribution's way, start it, and try again.`,
    );
  }
  if (!yes && !(await terminal.confirm(`Docker is missing here. Install it now (${command})?`, signal))) {
    throw new Failure(`Docker is not installed. Run "${command}", or "sandboxd up --yes" to have it done.`);
  }
  using progress = terminal.progress('Docker');
  const onLine = (detail: string) => progress.update({ step: `Installing ${missing.join(' and ')}`, detail });
  await installPackages(missing, { signal, onLine });
  progress.done('installed');
}

async function startEngine(options: DockerPreparation): Promise<{ startedPid?: number }> {
  using progress = options.terminal.progress('Docker');
  progress.update({ step: 'Starting the engine' });
  const ready = async () => ((await answers(options)) ? true : undefined);
  const startedPid = (await startByInitSystem(options)) ? undefined : await startByHand(ready, options);
  if (!(await waitFor(ready, { deadlineMs: START_DEADLINE_MS, signal: options.signal }))) {
    throw new Failure(
      'the Docker engine was started but has not answered for a minute. Look into its log ("journalctl -u docker", /var/log/docker.log), and try again when "docker info" works.',
    );
  }
  progress.done('started');
  return startedPid === undefined ? {} : { startedPid };
}

/** False where no init system runs, as in most containers. */
async function startByInitSystem({ signal }: DockerPreparation): Promise<boolean> {
  const found = SERVICE_MANAGERS.find(({ runs }) => existsSync(runs));
  if (found === undefined) return false;
  const [program, ...args] = found.start;
  try {
    await runProgram(program, args, { signal });
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new Failure(
      `the Docker engine did not start (${found.start.join(' ')}):\n${error.output.join('\n')}\nMend what it names, or start it by hand, and try again.`,
    );
  }
}

/** @returns the new engine's process; undefined when there is one already, which comes up by itself */
async function startByHand(
  ready: () => Promise<true | undefined>,
  { logFile, signal }: DockerPreparation,
): Promise<number | undefined> {
  if (await isEngineRunning()) return undefined;
  if (process.getuid?.() !== 0) {
    throw new Failure(
      'the Docker engine does not run, and starting it needs root. Start it, or run this as root.',
    );
  }
  // What a killed engine left behind: a new one refuses to start while that number belongs to any process.
  await rm(PID_FILE, { force: true });
  await using dockerd = await spawnDockerd(logFile);
  const outcome = async () => (dockerd.hasEnded() ? 'ended' : await ready());
  if ((await waitFor(outcome, { deadlineMs: START_DEADLINE_MS, signal })) === true) return dockerd.release();
  // Somebody else's engine may have come first: ours has given way then, and theirs is as good.
  if (await isEngineRunning()) return undefined;
  throw new Failure(`the Docker engine did not start. The end of its log:\n${await logTail(logFile, 15)}`);
}

async function isEngineRunning(): Promise<boolean> {
  const pid = existsSync(PID_FILE) ? Number(await readFile(PID_FILE, 'utf8')) : 0;
  return pid > 0 && (await findProcess(pid))?.name === 'dockerd';
}
