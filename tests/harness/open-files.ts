import { readdirSync, readlinkSync } from 'node:fs';

/** What this process holds open, each with its number: files, directories, sockets. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`;
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}

/**
 * Answers what has been opened since, and is open still. What others close meanwhile, as the tests before do late, does
 * not count; what they open and close does for a moment.
 */
export function openedSince(): () => string[] {
  const before = new Set(openFiles());
  return () => openFiles().filter((one) => !before.has(one));
}
