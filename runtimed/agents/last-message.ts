/** Characters that are kept of one message: an agent that never ends it must not use up the memory. */
const MAX_MESSAGE = 200_000;

/** The last message of a turn, put together from its pieces. */
export class LastMessage {
  #id: string | undefined;
  #text = '';

  /** A piece with another id than the one before begins another message. */
  add(id: string, text: string): void {
    if (id !== this.#id) this.#text = '';
    this.#id = id;
    if (this.#text.length < MAX_MESSAGE) this.#text += text.slice(0, MAX_MESSAGE - this.#text.length);
  }

  /** Undefined when nothing was said. */
  get text(): string | undefined {
    return this.#text.trim() || undefined;
  }
}
