import { Writable } from 'node:stream';

/** What waits for room goes in one message, which is fewer turns than its parts would take. */
const WAITING_BYTES = 256 * 1024;

/** Hands bytes to another thread, no more of them ahead than it wants: who reads slowly holds up the writer, not the memory. */
export class Outlet extends Writable {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #windowBytes: number;
  #ahead = 0;
  /** Waits for room. */
  #resume: (() => void) | undefined;

  /**
   * @param send given memory of its own, which can be given away
   * @param windowBytes how many may be on their way
   */
  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void, windowBytes: number) {
    super({ highWaterMark: WAITING_BYTES });
    this.#send = send;
    this.#windowBytes = windowBytes;
  }

  /** The other thread is done with that many. */
  taken(bytes: number): void {
    this.#ahead -= bytes;
    if (this.#ahead >= this.#windowBytes) return;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: () => void): void {
    this.#put([chunk], taken);
  }

  override _writev(chunks: { chunk: Buffer }[], taken: () => void): void {
    this.#put(
      chunks.map(({ chunk }) => chunk),
      taken,
    );
  }

  #put(chunks: readonly Buffer[], taken: () => void): void {
    // A copy: what comes may be a part of somebody's larger buffer, all of which would be sent.
    const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#ahead += bytes.byteLength;
    this.#send(bytes);
    if (this.#ahead < this.#windowBytes) taken();
    else this.#resume = taken;
  }
}
