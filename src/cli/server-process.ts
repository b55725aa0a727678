import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isClaimed } from '../compose/claim.ts';
import { logTail } from '../host/log-tail.ts';
import { waitFor } from '../host/wait-for.ts';
import type { AdminClient, ServerStatus } from './admin-client.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';

export interface ServerStart {
  readonly admin: AdminClient;
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly logFile: string;
  readonly signal: AbortSignal;
}

const ENTRY = fileURLToPath(new URL('../node.ts', import.meta.url));
/** Recovering after a crash takes a while with many sandboxes. */
const READY_DEADLINE_MS = 60_000;
const POLL_MS = 25;
const END_GRACE_MS = 10_000;
const TAIL_LINES = 20;

/**
 * Starts the server in a session of its own and returns when it is ready.
 * @throws Failure with the end of its log when it does not get ready; then it does not run either
 */
export async function startDetached(start: ServerStart): Promise<ServerStatus> {
  await mkdir(dirname(start.logFile), { recursive: true, mode: 0o700 });
  await using log = await open(start.logFile, 'a', 0o600);
  const child = await spawnServer(start, log.fd);
  try {
    const status = await ready(child, start);
    child.unref();
    return status;
  } catch (error) {
    await end(child);
    if (!(error instanceof NotReady)) throw error;
    throw new Failure(
      `${error.message} The end of its log (${start.logFile}):\n${await logTail(start.logFile, TAIL_LINES)}`,
    );
  }
}

/** Starts the server, hands every ending on to it, and returns when it has ended. */
export async function startInForeground(
  start: ServerStart,
  onReady: (status: ServerStatus) => Promise<void>,
): Promise<ExitCode> {
  const child = await spawnServer(start, 'inherit');
  const ended = once(child, 'exit');
  const pass = () => void child.kill('SIGTERM');
  start.signal.addEventListener('abort', pass, { once: true });
  try {
    await onReady(await ready(child, start));
    await ended;
  } catch (error) {
    await end(child);
    if (start.signal.aborted) return EXIT.ok;
    throw error instanceof NotReady ? new Failure(error.message) : error;
  } finally {
    start.signal.removeEventListener('abort', pass);
  }
  return child.exitCode === 0 ? EXIT.ok : EXIT.failed;
}

class NotReady extends Error {}

/** A process group of its own: a terminal's Ctrl-C reaches it once, through us. */
async function spawnServer({ env }: ServerStart, output: number | 'inherit'): Promise<ChildProcess> {
  const child = spawn(process.execPath, [ENTRY], { detached: true, stdio: ['ignore', output, output], env });
  await once(child, 'spawn');
  return child;
}

async function ready(child: ChildProcess, start: ServerStart): Promise<ServerStatus> {
  const { admin, signal } = start;
  const ask = async () => {
    // One that was quicker has the data directory, and is as good as ours.
    if (hasEnded(child) && !(await isClaimed(start.dataDir)))
      throw new NotReady('the server ended while it started.');
    return await admin.status();
  };
  const status = await waitFor(ask, { deadlineMs: READY_DEADLINE_MS, pollMs: POLL_MS, signal });
  if (status === undefined) throw new NotReady('the server was not ready after a minute.');
  return status;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS);
  await exit;
  clearTimeout(impatience);
}
