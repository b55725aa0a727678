import { readdir, readFile } from 'node:fs/promises';
import { lookAtAll } from '../look-at-all.ts';
import { pause } from '../pause.ts';

/** The environment variable by which a program's descendants are found again, wherever they went. */
export const MARK = 'SANDBOXD_PROGRAM';

/** How a program's processes are recognised. */
export interface Kinship {
  /** The process group its leader made. */
  readonly group: number;
  /** The value of {@link MARK}: what left the group with `setsid` still carries it. */
  readonly mark: string;
}

const FIRST_POLL = 10;
const LONGEST_POLL = 200;
/** Enough for processes that fork while they are being killed; what outlives it is the kernel's to end. */
const KILL_ROUNDS = 20;
const NEVER = new AbortController().signal;

/**
 * SIGTERM to all of a program's processes, SIGKILL to those left after `grace` milliseconds. Returns when none lives.
 * Never rejects: whatever cannot be signalled is gone, or not ours.
 */
export async function endAll(kin: Kinship, grace: number): Promise<void> {
  signal(-kin.group, 'SIGTERM');
  let living = await livingOf(kin);
  for (const { pid, escaped } of living) if (escaped) signal(pid, 'SIGTERM');
  const deadline = performance.now() + grace;
  for (let poll = FIRST_POLL; living.length > 0; poll = Math.min(poll * 2, LONGEST_POLL)) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    await pause(Math.min(poll, left), NEVER);
    living = await livingOf(kin);
  }
  for (let round = 0; living.length > 0 && round < KILL_ROUNDS; round += 1) {
    signal(-kin.group, 'SIGKILL');
    for (const { pid, escaped } of living) if (escaped) signal(pid, 'SIGKILL');
    await pause(FIRST_POLL, NEVER);
    living = await livingOf(kin);
  }
}

interface Living {
  readonly pid: number;
  readonly escaped: boolean;
}

/** What lives of a program. Zombies do not: they hold nothing, and wait only to be reaped. */
async function livingOf(kin: Kinship): Promise<Living[]> {
  const names = await readdir('/proc').catch(() => undefined);
  // Out of file descriptors, say: what cannot be seen to have ended is taken to live.
  if (names === undefined) return [{ pid: kin.group, escaped: false }];
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const living = await lookAtAll(pids, (pid) => lookAt(pid, kin));
  return living.filter((process) => process !== undefined);
}

/** Undefined for a process that has ended, and for one of somebody else's. */
async function lookAt(pid: number, kin: Kinship): Promise<Living | undefined> {
  const group = await groupOf(pid);
  if (group === kin.group) return { pid, escaped: false };
  return group !== undefined && (await carries(pid, kin.mark)) ? { pid, escaped: true } : undefined;
}

/** The process group of a living process. */
async function groupOf(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat');
  // The name before it is in brackets, and may hold anything.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === undefined || state === 'Z' || state === 'X' ? undefined : Number(group);
}

async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await readProc(pid, 'environ');
  return `\0${environment}`.includes(`\0${MARK}=${mark}\0`);
}

/** Empty when the process has gone, or is another user's. */
const readProc = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended by itself. EPERM: a set-user-id program, which the engine does not allow in sandboxes.
  }
}
