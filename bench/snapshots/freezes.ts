import type Docker from 'dockerode';
import { readLines } from '../../src/domain/lines.ts';
import { until } from '../measure.ts';

interface EngineMessage {
  readonly Action: string;
  readonly timeNano: number;
}

/** Watches the engine for one container that is paused and goes on. */
export interface FreezeWatch extends AsyncDisposable {
  /** How long it stood still, in milliseconds, once it goes on. */
  span(): Promise<number>;
}

export async function freezes(docker: Docker): Promise<FreezeWatch> {
  const end = new AbortController();
  const stream = await docker.getEvents({
    filters: { type: ['container'], event: ['pause', 'unpause'] },
    abortSignal: end.signal,
  });
  const seen = new Map<string, number>();
  const following = (async () => {
    for await (const line of readLines(stream as AsyncIterable<Uint8Array>, 65_536)) {
      const { Action, timeNano } = JSON.parse(line) as EngineMessage;
      seen.set(Action, timeNano);
    }
  })().catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    span: async () => {
      await until(async () => seen.has('unpause'));
      return ((seen.get('unpause') ?? 0) - (seen.get('pause') ?? 0)) / 1e6;
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await following;
    },
  };
}
