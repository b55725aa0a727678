import type { MessagePort } from 'node:worker_threads';
import { CHUNKS_AHEAD, type Notice, type Order } from './protocol.ts';

/** Hands chunks to the other thread, memory and all, and no more of them ahead than it wants. */
export class ChunkOutlet {
  readonly #port: MessagePort;
  /** Memory that has come back: what is new to a process costs more than what it has used before. */
  readonly #spare: ArrayBuffer[] = [];
  #room = CHUNKS_AHEAD;
  #roomMade = Promise.withResolvers<void>();

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (order: Order) => {
      if (order.type !== 'taken') return;
      this.#spare.push(order.memory);
      this.#room += 1;
      this.#roomMade.resolve();
    });
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#room === 0) {
      this.#roomMade = Promise.withResolvers();
      await this.#roomMade.promise;
    }
    this.#room -= 1;
    this.#port.postMessage({ type: 'chunk', bytes } satisfies Notice, [bytes.buffer]);
  }

  /** Memory of a chunk's size to fill again, with whatever is in it. */
  memory(size: number): ArrayBuffer {
    return this.#spare.pop() ?? new ArrayBuffer(size);
  }
}

/** The same bytes in parts of that size but for the last, in memory that the outlet gives. */
export async function* inChunks(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  outlet: Pick<ChunkOutlet, 'memory'>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let chunk = new Uint8Array(outlet.memory(size));
  let used = 0;
  for await (const part of bytes) {
    for (let at = 0; at < part.byteLength; ) {
      const taken = part.subarray(at, at + size - used);
      chunk.set(taken, used);
      used += taken.byteLength;
      at += taken.byteLength;
      if (used < size) continue;
      yield chunk;
      chunk = new Uint8Array(outlet.memory(size));
      used = 0;
    }
  }
  if (used > 0) yield chunk.subarray(0, used);
}
