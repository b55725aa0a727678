import { randomInt } from 'node:crypto';
import { readProc } from './proc.ts';

/**
 * The limit on file locks, which the kernel has not looked at since 2.4, and every child inherits: a program that is
 * given one of its own hands it down to whatever it starts, and no change of session, parent or environment takes it
 * away. Nobody without privileges can raise it again.
 */
const LIMIT = /^Max file locks +\S+ +(\d+) /m;
const [LOWEST, HIGHEST] = [2 ** 40, 2 ** 48 - 1];

/** One that no other program has. */
export const newBound = (): number => randomInt(LOWEST, HIGHEST);

/** A command line that gives itself that bound before it becomes what it is. Where that is not to be had it goes without. */
export const withBound = (
  argv: readonly [string, ...string[]],
  bound: number,
): readonly [string, ...string[]] => [
  'bash',
  '-c',
  'ulimit -x "$0" 2>/dev/null; exec -- "$@"',
  String(bound),
  ...argv,
];

export async function isBound(pid: number, bound: number): Promise<boolean> {
  return LIMIT.exec(await readProc(pid, 'limits'))?.[1] === String(bound);
}
