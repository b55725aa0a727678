import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SYSTEM_PATH, findProgram } from '../../host/find-program.ts';

/** An engine started by hand. Unless it is released, disposing of it ends it. */
export interface SpawnedDockerd extends AsyncDisposable {
  readonly hasEnded: () => boolean;
  /** From here on it lives without us. @returns its process id */
  readonly release: () => number;
}

/** Starts `dockerd` in a session of its own, so that it outlives whoever started it. Its log is appended to. */
export async function spawnDockerd(logFile: string): Promise<SpawnedDockerd> {
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
  await using log = await open(logFile, 'a', 0o600);
  const child = spawn(findProgram('dockerd') ?? 'dockerd', [], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, PATH: SYSTEM_PATH },
  });
  let state: 'running' | 'ended' | 'released' = 'running';
  const end = () => {
    state = 'ended';
  };
  child.once('error', end).once('exit', end);
  return {
    hasEnded: () => state === 'ended',
    release: () => {
      state = 'released';
      child.unref();
      return child.pid ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      if (state !== 'running') return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}
