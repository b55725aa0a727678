import { readFile } from 'node:fs/promises';
import { SandboxdError } from '../domain/errors.ts';

export interface HostMemory {
  readonly availableBytes: number;
  readonly totalBytes: number;
}

/** What a dev server needs to come up; below that a start would push others out. */
const START_BYTES = 256 * 2 ** 20;
/** The share of memory that stays free for the host itself. */
const RESERVED_SHARE = 0.05;

/** Reads the host's memory, as the kernel estimates it. */
export async function readHostMemory(): Promise<HostMemory> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
  return { availableBytes: bytes('MemAvailable'), totalBytes: bytes('MemTotal') };
}

/** @throws sandbox_capacity when another sandbox would not fit */
export function requireCapacity({ availableBytes, totalBytes }: HostMemory): void {
  if (availableBytes - START_BYTES >= totalBytes * RESERVED_SHARE) return;
  throw new SandboxdError(
    'sandbox_capacity',
    'The node has too little free memory for another sandbox. Stop one, or try again when one has gone to sleep.',
  );
}
