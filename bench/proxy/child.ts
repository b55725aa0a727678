import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';

/** The core of what is measured, and the core of everything else. */
export const CORE = { measured: 0, rest: 1 } as const;

/** A program that ends when it is disposed of. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Starts a program on one core, where the machine has several. */
  static start(core: number, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
    const pinned = availableParallelism() > 1 ? ['taskset', '-c', String(core), command] : [command];
    const [program = command, ...rest] = [...pinned, ...args];
    return new Child(
      spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } }),
    );
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Its first line of output. */
  async firstLine(): Promise<string> {
    const [bytes] = await once(this.#process.stdout ?? this.#process, 'data');
    return String(bytes).split('\n')[0] ?? '';
  }

  /** All of its output, once it has ended. */
  async output(): Promise<string> {
    let text = '';
    this.#process.stdout?.on('data', (bytes) => (text += String(bytes)));
    await once(this.#process, 'close');
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}

/** CPU seconds that a process and its children have used. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  let ticks = Number(fields[11]) + Number(fields[12]);
  for (const child of await childrenOf(pid)) ticks += (await cpuSeconds(child)) * 100;
  return ticks / 100;
}

/** Resident megabytes of a process and its children. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  let megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  for (const child of await childrenOf(pid)) megabytes += await residentMegabytes(child);
  return megabytes;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Waits until something listens on a loopback port. @throws after ten seconds */
export async function listening(port: number): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; ) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    if (performance.now() > deadline) throw new Error(`Nothing listens on port ${port}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
