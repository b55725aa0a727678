import { Writable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { CHUNKS_AHEAD, type Notice, type Order } from './protocol.ts';

/** Hands bytes to the other thread, no more of them ahead than it wants. */
export class Outlet extends Writable {
  readonly #port: MessagePort;
  readonly #onBytes: (bytes: Uint8Array) => void;
  #room = CHUNKS_AHEAD;
  #waiting: (() => void) | undefined;

  constructor(port: MessagePort, onBytes: (bytes: Uint8Array) => void) {
    super({ decodeStrings: true });
    this.#port = port;
    this.#onBytes = onBytes;
    port.on('message', (order: Order) => {
      if (order.type === 'taken') this.#taken();
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const send = () => {
      this.#send(chunk);
      done();
    };
    if (this.#room > 0) send();
    else this.#waiting = send;
  }

  #send(chunk: Buffer): void {
    this.#room -= 1;
    this.#onBytes(chunk);
    // A copy can be given away; the chunk is a part of the compressor's own memory.
    const bytes = new Uint8Array(chunk);
    this.#port.postMessage({ type: 'chunk', bytes } satisfies Notice, [bytes.buffer]);
  }

  #taken(): void {
    this.#room += 1;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
