import { setTimeout as delay } from 'node:timers/promises';
import type { AgentPorts } from './ports.ts';

/** Milliseconds from one look to the next. */
interface Pauses {
  readonly usual: number;
  /** An image that cannot hold a network will not learn to: each attempt costs the engine a container. */
  readonly afterFailure: number;
}
const PAUSES: Pauses = { usual: 1000, afterFailure: 30_000 };

/** Keeps networks ready for the next starts until the signal aborts. Never throws: a start does without them. */
export async function keepSpareNetworks(
  { engine, defaults, log }: Pick<AgentPorts, 'engine' | 'defaults' | 'log'>,
  signal: AbortSignal,
  pauses = PAUSES,
): Promise<void> {
  let isWell = true;
  while (!signal.aborted) {
    try {
      await engine.keepNetworks(defaults.image, defaults.runtime);
      isWell = true;
    } catch (error) {
      // Once, and again after it was well: what fails now fails again and again.
      if (isWell) log.warn('no networks can be kept ready: starts take longer', { cause: reasonOf(error) });
      isWell = false;
    }
    await delay(isWell ? pauses.usual : pauses.afterFailure, undefined, { signal }).catch(() => {
      // Aborted: the loop ends by its condition.
    });
  }
}

/** With the engine's own words, which tell what the image lacks. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error
    ? `${error.message} ${error.cause.message}`
    : String(error);
