import { spawnSync } from 'node:child_process';

/** In an upper: nothing of the layers below is to be seen in this directory. */
const OPAQUE = 'SCHILY.xattr.trusted.overlay.opaque=y';

/**
 * Whether a directory of an upper hides what the layers below have there. Node reads no extended attributes, GNU tar
 * does; it is asked only where two layers have the same directory, and the lower one something to be kept.
 * @throws Error when that cannot be found out: a copy would bring back what was deleted
 */
export function isOpaque(directory: number): boolean {
  const { status, stdout, stderr, error } = spawnSync(
    'tar',
    ['--create', '--xattrs', '--xattrs-include=trusted.overlay.opaque', '--no-recursion', '--file=-', '.'],
    { cwd: `/proc/self/fd/${directory}`, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'latin1' },
  );
  if (status === 0) return stdout.includes(OPAQUE);
  throw new Error(`Cannot read an overlay's attributes with tar: ${stderr}`, { cause: error });
}
