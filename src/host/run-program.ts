import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { readLines } from '../domain/lines.ts';

export interface ProgramOptions {
  readonly signal?: AbortSignal | undefined;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Every line of either output, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** A program that could not be started, or ended in failure. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  /** The end of its output, one line each. */
  readonly output: readonly string[];

  constructor(message: string, output: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.output = output;
  }
}

const KEPT_LINES = 30;
const MAX_LINE = 2 ** 20;

/**
 * Runs a program of this machine to its end, without a shell and without input, however long it takes.
 * @returns its last lines
 * @throws ProgramError; the signal's reason when that aborts
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { signal, env, onLine }: ProgramOptions = {},
): Promise<readonly string[]> {
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    onLine?.(line);
  };
  const [end] = await Promise.all([
    ended(child),
    forEachLine(child.stdout, keep),
    forEachLine(child.stderr, keep),
  ]);
  signal?.throwIfAborted();
  if (end.error !== undefined)
    throw new ProgramError(`${program} could not be started.`, lines, { cause: end.error });
  if (end.code !== 0) throw new ProgramError(`${program} ended with ${end.code ?? end.by}.`, lines);
  return lines;
}

interface End {
  readonly code?: number | null;
  readonly by?: NodeJS.Signals | null;
  readonly error?: Error;
}

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code, by) => resolve({ code, by }));
  });
}

async function forEachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of readLines(stream, MAX_LINE)) onLine(line);
}
