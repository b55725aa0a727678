import { closeSync } from 'node:fs';

/** A file that was opened for somebody who may not want it. */
export class OpenFile implements Disposable {
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Once; whoever takes it closes it. */
  take(): number | undefined {
    const fd = this.#fd;
    this.#fd = undefined;
    return fd;
  }

  [Symbol.dispose](): void {
    const fd = this.take();
    if (fd !== undefined) closeSync(fd);
  }
}
