import { setInterval } from 'node:timers/promises';
import type { AgentPorts } from './ports.ts';

/** A firewall that is reloaded drops rules it does not know: this is how long they may be missing. */
const INTERVAL_MS = 60_000;

/** Keeps the sandboxes' network shut until the signal aborts: repairs the rules that something else took away. */
export async function watchNetwork({ engine, log }: AgentPorts, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(INTERVAL_MS, undefined, { signal })) {
      await engine.ensureNetwork().catch((error: unknown) => {
        log.error("the sandbox network's rules could not be checked", error);
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
