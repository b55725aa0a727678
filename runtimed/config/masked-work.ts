import { MaskedText, maskedHappening } from '../../src/domain/masked.ts';
import type { AgentHappening } from '../agents/driver.ts';
import type { MaskSource } from './masked-output.ts';

/** What an agent lets others see of its work, without secrets: a message comes in pieces, and a secret may span them. */
export class MaskedWork {
  readonly #source: MaskSource;
  readonly #tell: (happening: AgentHappening) => void;
  #message: { readonly id: string; readonly text: MaskedText } | undefined;

  constructor(source: MaskSource, tell: (happening: AgentHappening) => void) {
    this.#source = source;
    this.#tell = tell;
  }

  take(happening: AgentHappening): void {
    if (happening.type !== 'message') {
      this.end();
      this.#tell(maskedHappening(this.#source.mask, happening));
      return;
    }
    const { id, text } = happening.data;
    if (this.#message?.id !== id) {
      this.end();
      this.#message = { id, text: new MaskedText(this.#source.mask) };
    }
    this.#say(id, this.#message.text.push(text));
  }

  /** Tells what was held back of the last message. */
  end(): void {
    const last = this.#message;
    this.#message = undefined;
    if (last !== undefined) this.#say(last.id, last.text.end());
  }

  #say(id: string, text: string): void {
    if (text !== '') this.#tell({ type: 'message', data: { id, text } });
  }
}
