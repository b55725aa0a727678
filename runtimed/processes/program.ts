import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { orAborted, pause } from '../pause.ts';
import { newBound, withBound } from './bound.ts';
import type { Environment } from './environment.ts';
import { Family, type Kinship, MARK } from './remains.ts';

/** Milliseconds in which a program's last words are read from its pipes. */
const DRAIN = 1000;

export type OutputName = 'stdout' | 'stderr';

export interface ProgramOptions {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Environment;
  /** Unique among all programs of this runtime. */
  readonly mark: string;
  /** Whether it is given something to read; it reads an empty file otherwise. */
  readonly stdin?: boolean;
  /** Whether whatever it starts can be found again, also what does all it can to be on its own: that takes a shell. */
  readonly isBound?: boolean;
}

/** A program in a process group of its own. */
export class Program {
  readonly pid: number;
  readonly stdin: Writable | null;
  /** The leader's exit code, or 128 + the number of the signal that ended it. Never rejects. */
  readonly exited: Promise<number>;
  readonly #family: Family;
  readonly #stdout: Readable;
  readonly #stderr: Readable;
  #said: Promise<void> = Promise.resolve();
  #recorded: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, kin: Kinship) {
    this.pid = kin.group;
    this.#family = new Family(kin);
    this.stdin = child.stdin;
    // Piped by `start`.
    this.#stdout = child.stdout as Readable;
    this.#stderr = child.stderr as Readable;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  }

  /**
   * Returns when the program runs.
   * @throws the system's error when it cannot: ENOENT for a missing program or directory, E2BIG, EAGAIN, ENOMEM…
   */
  static async start({
    argv,
    cwd,
    env,
    mark,
    stdin = false,
    isBound = false,
  }: ProgramOptions): Promise<Program> {
    const bound = isBound ? newBound() : undefined;
    const [file, ...args] = bound === undefined ? argv : withBound(argv, bound);
    const child = spawn(file, args, {
      cwd,
      env: { ...env, [MARK]: mark },
      detached: true,
      stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    await once(child, 'spawn');
    // A pipe that breaks shows in the end of the program or of its output; as an event nobody hears it would be fatal.
    for (const emitter of [child, child.stdin, child.stdout, child.stderr]) emitter?.on('error', () => {});
    return new Program(child, { group: child.pid as number, mark, ...(bound !== undefined && { bound }) });
  }

  /** Resolves when the leader has exited or the signal aborts. Never rejects. */
  async exitedOr(signal: AbortSignal): Promise<void> {
    await orAborted(this.exited, signal);
  }

  /**
   * Gives all output to `write`, a piece at a time: a program that writes faster is held up by its own pipe. Once.
   * @param write must not reject
   */
  record(write: (bytes: Buffer, name: OutputName) => Promise<void>): void {
    this.#said = consume(this.#stdout, 'stdout', write);
    this.#recorded = Promise.all([this.#said, consume(this.#stderr, 'stderr', write)]);
  }

  /** Resolves when its standard output is closed, and recorded. Never rejects. */
  get said(): Promise<void> {
    return this.#said;
  }

  /**
   * Gets to know its descendants while they can still be told from others, until the signal aborts: for programs whose
   * children may clean their environment, leave their group and their parents. Never rejects.
   * @param interval milliseconds between two looks
   */
  watchFamily(interval: number, signal: AbortSignal): Promise<void> {
    return this.#family.watch(interval, signal);
  }

  /**
   * Ends it and everything it started: SIGTERM, then SIGKILL after `grace` milliseconds. Returns when what it had
   * written until then is recorded. Repeating it is harmless.
   */
  async end(grace: number): Promise<void> {
    await this.#family.end(grace);
    await this.release();
  }

  /**
   * Lets go of its input and outputs, when it has exited. What it left in its pipes is recorded first; something it has
   * started may hold them open for ever, and is not listened to any longer.
   */
  async release(): Promise<void> {
    const read = new AbortController();
    await Promise.race([this.#recorded, pause(DRAIN, read.signal)]);
    read.abort();
    this.stdin?.destroy();
    this.#stdout.destroy();
    this.#stderr.destroy();
    await this.#recorded;
  }
}

async function consume(
  output: Readable,
  name: OutputName,
  write: (bytes: Buffer, name: OutputName) => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) await write(chunk, name);
  } catch {
    // Let go of: whoever still writes to it has nobody left to talk to.
  }
}
