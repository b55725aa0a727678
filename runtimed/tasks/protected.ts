import type { BytePath } from './app-tree.ts';

/**
 * Whether a file could only be put there at the cost of something that is left alone: the very same path, a directory
 * above it, or something below it.
 */
export function isProtected(kept: readonly BytePath[]): (path: BytePath) => boolean {
  const exactly = new Set(kept);
  const above = new Set(kept.flatMap(ancestorsOf));
  return (path) =>
    exactly.has(path) || above.has(path) || ancestorsOf(path).some((ancestor) => exactly.has(ancestor));
}

/** Without the path itself. */
function ancestorsOf(path: BytePath): BytePath[] {
  const found: BytePath[] = [];
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}
