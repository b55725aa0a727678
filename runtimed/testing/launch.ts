import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Machine } from './sandbox.ts';
import { until } from './until.ts';

export interface RunningProcess extends Machine {
  readonly child: ChildProcess;
  /** What it has logged until now. */
  readonly output: () => string;
  /** Its exit code, once it has gone. */
  readonly ended: Promise<number | null>;
  workerPids(): Promise<number[]>;
}

/** A runtime as the process that it is in a sandbox. */
export async function launch(machine: Machine): Promise<RunningProcess> {
  const entry = join(import.meta.dirname, 'process.ts');
  const child = spawn(process.execPath, [entry, JSON.stringify(machine.options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    ...machine,
    child,
    output: () => output,
    ended,
    workerPids: () =>
      until(async () => {
        const { processes } = await machine.client.status();
        const pids = processes.flatMap(({ pid }) => pid ?? []);
        return processes.length > 0 && pids.length === processes.length && pids;
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await machine[Symbol.asyncDispose]();
    },
  };
}
