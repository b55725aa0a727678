import { UnpackError, shown } from './unpack-error.ts';

/**
 * Where a name in an archive leads, relative to its target: `a/b`, or nothing for the target itself.
 * @param dropped how many segments at its front are left away
 * @throws UnpackError when it would lead out
 */
export function entryPath(name: string, dropped: number): string {
  if (name.startsWith('/')) throw leadsOut(name);
  if (name.includes('\0'))
    throw new UnpackError(`${shown(name)} in the archive has a name with a NUL in it.`);
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw leadsOut(name);
  return segments.slice(dropped).join('/');
}

const leadsOut = (name: string) =>
  new UnpackError(`${shown(name)} in the archive leads out of its directory.`);

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
