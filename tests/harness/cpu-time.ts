/**
 * Begins to count.
 * @returns how many milliseconds this thread has kept a processor busy since: unlike the time that has gone by, not more
 *   where it has to share the machine
 */
export function cpuTimer(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}

/** The same of one piece of work, from its beginning to its end. */
export function cpuTime(work: () => unknown): number {
  const spentMs = cpuTimer();
  work();
  return spentMs();
}
