import { SandboxdError } from '../../domain/errors.ts';
import type { HomeMount } from '../../domain/workspace.ts';

type Overlay = Extract<HomeMount, { kind: 'overlay' }>;

/**
 * Options of a `local` volume that the engine mounts when the container starts and unmounts when it stops.
 *
 * The upper must hold whole, ordinary files, because it is read, written and snapshotted while it is not mounted:
 * `metacopy` and `redirect_dir` would leave names without content in it, and `index` would tie it to this file system.
 * @throws unavailable when a path has a character that mount options cannot carry
 */
export function overlayOptions({ lower, upper, work }: Overlay): Record<string, string> {
  if (![lower, upper, work].every(isMountable)) {
    throw new SandboxdError(
      'unavailable',
      "The data directory's path has a character that an overlay cannot carry.",
    );
  }
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  return {
    type: 'overlay',
    device: 'overlay',
    o: `${layers},index=off,metacopy=off,redirect_dir=nofollow,nosuid,nodev`,
  };
}

/** `,` separates options, `:` lower directories, and `\` escapes either. */
export const isMountable = (path: string): boolean => path.startsWith('/') && !/[,:\\"\s]/.test(path);
