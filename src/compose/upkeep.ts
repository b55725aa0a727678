import type { Ports } from '../domain/ports.ts';
import { upkeep } from '../domain/upkeep.ts';

const INTERVAL_MS = 3600 * 1000;

/** Tidies up at once and every hour, one time after the other. Disposing of it waits for the step that is under way. */
export function startUpkeep(ports: Ports): AsyncDisposable {
  const end = new AbortController();
  const running = run(ports, end.signal);
  return {
    [Symbol.asyncDispose]: () => {
      end.abort();
      return running;
    },
  };
}

async function run(ports: Ports, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await upkeep(ports, signal);
    } catch (error) {
      // Nothing depends on it today: the next hour tries again.
      ports.log.error('what is out of date could not be dropped', error);
    }
    await ports.pause(INTERVAL_MS, signal);
  }
}
