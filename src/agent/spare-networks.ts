import { setInterval } from 'node:timers/promises';
import type { AgentPorts } from './ports.ts';

const INTERVAL_MS = 1000;

/** Keeps networks ready for the next starts until the signal aborts. Never throws: a start does without them. */
export async function keepSpareNetworks(
  { engine, defaults, log }: AgentPorts,
  signal: AbortSignal,
): Promise<void> {
  let isWell = true;
  const keep = async () => {
    try {
      await engine.keepNetworks(defaults.image);
      isWell = true;
    } catch (error) {
      // Once, and again after it was well: an engine that is away says so by the second.
      if (isWell) log.warn('no networks can be kept ready: starts take longer', { cause: String(error) });
      isWell = false;
    }
  };
  await keep();
  try {
    for await (const _ of setInterval(INTERVAL_MS, undefined, { signal })) await keep();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
