import { spawnSync } from 'node:child_process';

/** In an upper: nothing of the layers below is to be seen in this directory. */
const OPAQUE = 'SCHILY.xattr.trusted.overlay.opaque=y';

/** Node reads no extended attributes; GNU tar does, and begins its own archive of a directory with them. */
export const ATTRIBUTE_READER = {
  program: 'tar',
  argsFor: (directory: string): string[] => [
    '--create',
    '--xattrs',
    '--xattrs-include=trusted.overlay.opaque',
    '--no-recursion',
    `--directory=${directory}`,
    '--file=-',
    '.',
  ],
  /** Whether that directory of an upper hides what the layers below have there. */
  saysOpaque: (output: string): boolean => output.includes(OPAQUE),
};

/**
 * Whether a directory of an upper, which is held open, hides what the layers below have there. Asked only where two layers have
 * the same directory, and the lower one something to be kept.
 * @throws Error when that cannot be found out: a copy would bring back what was deleted
 */
export function isOpaque(directory: number): boolean {
  const { program, argsFor, saysOpaque } = ATTRIBUTE_READER;
  const { status, stdout, stderr, error } = spawnSync(program, argsFor('.'), {
    cwd: `/proc/self/fd/${directory}`,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'latin1',
  });
  if (status === 0) return saysOpaque(stdout);
  throw new Error(`Cannot read an overlay's attributes with tar: ${stderr}`, { cause: error });
}
