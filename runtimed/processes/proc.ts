import { readFile } from 'node:fs/promises';

/** What the kernel tells of a process; empty when that has gone, or is another user's. */
export const readProc = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');
