/** Keeps what a node must hold over its own restarts from whoever reads its disk. */
export interface Seal {
  close(text: string): Promise<string>;
  /** @throws unavailable for what was not sealed here, or by a key that is gone */
  open(sealed: string): Promise<string>;
}
