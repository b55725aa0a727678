import { readFileSync } from 'node:fs';

/** Whether a process lives; one that only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
