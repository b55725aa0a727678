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
