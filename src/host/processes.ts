import { readFile } from 'node:fs/promises';

/** What runs under a process id. */
export interface ProcessView {
  /** The program's name, cut by the kernel to 15 characters. */
  readonly name: string;
}

/** Undefined when no such process exists, or it has ended and only waits to be noticed by its parent. */
export async function findProcess(pid: number): Promise<ProcessView | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // ESRCH: it ended between opening and reading.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  });
  if (stat === undefined) return undefined;
  // "PID (NAME) STATE …", where NAME may contain anything, parentheses too.
  const close = stat.lastIndexOf(')');
  const state = stat[close + 2];
  return state === 'Z' || state === 'X' ? undefined : { name: stat.slice(stat.indexOf('(') + 1, close) };
}
