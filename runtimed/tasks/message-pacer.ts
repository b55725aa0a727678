import type { AgentHappening } from '../agents/driver.ts';

type MessagePiece = Extract<AgentHappening, { type: 'message' }>['data'];

/**
 * Joins the pieces of a message that come quickly after each other: models speak in syllables. Nothing is reordered,
 * and the first piece is not held back.
 */
export class MessagePacer implements Disposable {
  readonly #tell: (happening: AgentHappening) => void;
  readonly #interval: number;
  #held: MessagePiece | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param interval the least time between two pieces of one message, in milliseconds */
  constructor(tell: (happening: AgentHappening) => void, interval: number) {
    this.#tell = tell;
    this.#interval = interval;
  }

  take(happening: AgentHappening): void {
    if (happening.type !== 'message') {
      this.#release();
      this.#tell(happening);
      return;
    }
    const { id, text } = happening.data;
    if (this.#held !== undefined && this.#held.id !== id) this.#release();
    this.#held = { id, text: (this.#held?.text ?? '') + text };
    if (this.#timer === undefined) this.#releaseAndRest();
  }

  /** Tells what it still holds. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#release();
  }

  #releaseAndRest(): void {
    this.#release();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#held !== undefined) this.#releaseAndRest();
    }, this.#interval);
  }

  #release(): void {
    const data = this.#held;
    this.#held = undefined;
    if (data !== undefined) this.#tell({ type: 'message', data });
  }
}
