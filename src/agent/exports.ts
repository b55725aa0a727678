import { notFound, SandboxdError } from '../domain/errors.ts';
import { shuttingDown, unsettled } from './errors.ts';
import { type CaptureWorld, frozen } from './snapshots/archive.ts';

/** Each holds a copy of the app on this node's disk until it has been read. */
const MAX_AT_ONCE = 2;
/** A reader that stands still keeps its copy no longer than this. */
const LONGEST_MS = 3_600_000;

type Bytes = AsyncIterableIterator<Uint8Array, undefined>;

/** The apps of this node's sandboxes on their way to somebody, as zip archives. */
export class Exports {
  readonly #world: CaptureWorld;
  readonly #underWay = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(world: CaptureWorld) {
    this.#world = world;
  }

  /** Ends all of them: the node does. */
  close(): void {
    this.#closing.abort(shuttingDown());
  }

  /**
   * Copies an app aside, with its sandbox's lock held. The sandbox goes on before this returns: how fast the bytes are read is
   * nothing to it.
   * @throws not_found, conflict for too many at once, sandbox_unavailable while it is between running and stopped
   */
  async open(id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const count = this.#underWay.get(id) ?? 0;
    if (count >= MAX_AT_ONCE) throw tooMany();
    this.#underWay.set(id, count + 1);
    const over = new AbortController();
    over.signal.addEventListener('abort', () => this.#leave(id));
    const given = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(LONGEST_MS)]);
    try {
      const bytes = await this.#copied(id, AbortSignal.any([given, over.signal]));
      return streamOf(bytes, given, () => over.abort());
    } catch (error) {
      over.abort();
      throw error;
    }
  }

  #copied(id: string, signal: AbortSignal): Promise<Bytes> {
    const { ports, sandboxes } = this.#world;
    return sandboxes.exclusively(id, async () => {
      signal.throwIfAborted();
      if (sandboxes.find(id) === undefined) throw notFound('sandbox');
      if (sandboxes.live(id) === undefined) {
        if (!sandboxes.isAtRest(id)) throw unsettled();
        return ports.workspaces.export(id, { signal, freeze: (task) => task() });
      }
      using _ = sandboxes.hold(id, 'it is being exported');
      return await ports.workspaces.export(id, {
        signal,
        // Who has asked may leave meanwhile: that must not leave a sandbox that stands still.
        freeze: (task) => frozen(this.#world, id, this.#closing.signal, task),
      });
    });
  }

  #leave(id: string): void {
    const count = (this.#underWay.get(id) ?? 0) - 1;
    if (count > 0) this.#underWay.set(id, count);
    else this.#underWay.delete(id);
  }
}

/**
 * Reads ahead by nothing.
 * @param onOver called once nobody reads any more, also when the signal says so
 */
function streamOf(bytes: Bytes, signal: AbortSignal, onOver: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const giveUp = () => {
          controller.error(signal.reason);
          onOver();
        };
        if (signal.aborted) giveUp();
        else signal.addEventListener('abort', giveUp, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await bytes.next();
          if (done !== true) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        return onOver();
      },
      async cancel() {
        onOver();
        await bytes.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

const tooMany = () =>
  new SandboxdError(
    'conflict',
    `${MAX_AT_ONCE} exports of this sandbox are being read already. Read one to its end, or close it, and try again.`,
  );
