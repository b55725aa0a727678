import { readdir } from 'node:fs/promises';
import { lookAtAll } from '../look-at-all.ts';
import { pause } from '../pause.ts';
import { isBound } from './bound.ts';
import { readProc } from './proc.ts';

/** The environment variable by which a program's descendants are found again, wherever they went. */
export const MARK = 'SANDBOXD_PROGRAM';

/** How a program's processes are recognised. */
export interface Kinship {
  /** The process group its leader made. */
  readonly group: number;
  /** The value of {@link MARK}: what left the group with `setsid` still carries it. */
  readonly mark: string;
  /** The bound it was given, if it was: see `bound.ts`. */
  readonly bound?: number;
}

const FIRST_POLL = 10;
const LONGEST_POLL = 200;
/** Enough for processes that fork while they are being killed; what outlives it is the kernel's to end. */
const KILL_ROUNDS = 20;
/** Of the fields of /proc/<pid>/stat behind the name, the one that says when the process was started. */
const BORN = 19;
/** After a look it rests for so many times as long as that took, if that is more than the usual. */
const LEISURE = 10;
const NEVER = new AbortController().signal;

/** What is to be known of a process to tell whose it is. */
interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** When it was started, by the kernel's clock: with it a number names one process for ever. */
  readonly born: string;
}

/** All processes of one program: its group, what carries its mark, and the children of any of them. */
export class Family {
  readonly #kin: Kinship;
  /** Who lives of it, and when it was born: who is orphaned and has lost its mark is still known. */
  #known: ReadonlyMap<number, string> = new Map();
  #looking: Promise<unknown> = Promise.resolve();

  constructor(kin: Kinship) {
    this.#kin = kin;
  }

  /**
   * Gets to know whoever joins, until the signal aborts: what cleans its environment and leaves its parents can only be
   * recognised while they live. Never rejects.
   * @param interval milliseconds between two looks
   */
  async watch(interval: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      await this.#living();
      // Where there are hundreds of processes a look takes its time, which they should have.
      await pause(Math.max(interval, LEISURE * (performance.now() - began)), signal);
    }
  }

  /**
   * SIGTERM to all of them, SIGKILL to those left after `grace` milliseconds. Returns when none lives. Never rejects:
   * whatever cannot be signalled is gone, or not ours.
   */
  async end(grace: number): Promise<void> {
    // Before the first signal: whoever loses its parents by it must be known by then.
    await this.#living();
    // The group as a whole, whoever was seen: one that forks at this moment cannot slip through.
    send(-this.#kin.group, 'SIGTERM');
    let living = await this.#living();
    this.#signalEscaped(living, 'SIGTERM');
    const deadline = performance.now() + grace;
    for (let poll = FIRST_POLL; living.length > 0; poll = Math.min(poll * 2, LONGEST_POLL)) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await pause(Math.min(poll, left), NEVER);
      living = await this.#living();
    }
    for (let round = 0; living.length > 0 && round < KILL_ROUNDS; round += 1) {
      send(-this.#kin.group, 'SIGKILL');
      this.#signalEscaped(living, 'SIGKILL');
      await pause(FIRST_POLL, NEVER);
      living = await this.#living();
    }
  }

  #signalEscaped(living: readonly Pick<Seen, 'pid' | 'group'>[], name: NodeJS.Signals): void {
    for (const { pid, group } of living) if (group !== this.#kin.group) send(pid, name);
  }

  /** What lives of it. Zombies do not: they hold nothing, and wait only to be reaped. */
  #living(): Promise<Pick<Seen, 'pid' | 'group'>[]> {
    // One look after another: each builds on what the one before has recognised.
    const look = this.#looking.then(() => this.#look());
    this.#looking = look;
    return look;
  }

  async #look(): Promise<Pick<Seen, 'pid' | 'group'>[]> {
    const { group } = this.#kin;
    const names = await readdir('/proc').catch(() => undefined);
    // Out of file descriptors, say: what cannot be seen to have ended is taken to live.
    if (names === undefined) return [{ pid: group, group }];
    const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
    const seen = (await lookAtAll(pids, lookAt)).filter((found) => found !== undefined);
    const isOurs = await lookAtAll(seen, (found) => this.#isOurs(found));
    const family = new Map(seen.filter((_, index) => isOurs[index]).map((found) => [found.pid, found]));
    // A child comes after its parent in no order that can be relied on.
    for (let before = -1; before !== family.size; ) {
      before = family.size;
      for (const found of seen) if (family.has(found.parent)) family.set(found.pid, found);
    }
    this.#known = new Map([...family.values()].map(({ pid, born }) => [pid, born]));
    return [...family.values()];
  }

  async #isOurs({ pid, group, born }: Seen): Promise<boolean> {
    const { group: own, mark, bound } = this.#kin;
    if (group === own || this.#known.get(pid) === born) return true;
    return (bound !== undefined && (await isBound(pid, bound))) || carries(pid, mark);
  }
}

/** Undefined for a process that has ended. */
async function lookAt(pid: number): Promise<Seen | undefined> {
  const stat = await readProc(pid, 'stat');
  // The name before it is in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  if (group === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), group: Number(group), born: fields[BORN] ?? '' };
}

async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await readProc(pid, 'environ');
  return `\0${environment}`.includes(`\0${MARK}=${mark}\0`);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended by itself. EPERM: a set-user-id program, which the engine does not allow in sandboxes.
  }
}
