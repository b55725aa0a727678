import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface CommandResult {
  /** null when it was ended by a signal: a deadline. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 30_000;

/**
 * Runs one of the system's programs, without a shell and with an environment of its own. Its output is kept in memory:
 * not for programs that say much.
 * @throws the system's error when there is no such program
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { input = '', deadlineMs = DEADLINE_MS }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that leaves without reading its input breaks the pipe; its exit code says why.
  child.stdin.once('error', () => undefined);
  child.stdin.end(input);
  const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { exitCode, stdout, stderr };
}

/** Like {@link runCommand}, for a program whose success is all that matters. @throws Error with what it complained of */
export async function mustRun(
  program: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(program, args, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${program} ended with ${exitCode ?? 'a deadline'}: ${stderr.slice(0, 1000)}`);
}
