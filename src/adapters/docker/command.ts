import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface CommandResult {
  /** null when it was ended by a signal: a deadline. */
  readonly exitCode: number | null;
  readonly stderr: string;
}

const DEADLINE_MS = 30_000;

/**
 * Runs an administrator's tool with input, without a shell and with an environment of its own.
 * @throws the system's error when there is no such program
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  input = '',
): Promise<CommandResult> {
  const child = spawn(program, args, {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: DEADLINE_MS,
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that leaves without reading its input breaks the pipe; its exit code says why.
  child.stdin.once('error', () => undefined);
  child.stdin.end(input);
  const [exitCode, stderr] = await Promise.all([exit, text(child.stderr)]);
  return { exitCode, stderr };
}
