import type { Mask } from './mask.ts';
import type { ExecEvent } from './runtimed.ts';
import type { TaskEvent, TaskHappening, TaskOutcome } from './task.ts';

/**
 * What people are told, without secrets. Only texts are looked at: a secret that happens to be `running` must not change
 * what a status says.
 */

/** The bytes of something that is whole. */
export function maskedBytes(mask: Mask, bytes: Uint8Array): Uint8Array {
  const stream = mask.stream();
  const begun = stream.push(bytes);
  const rest = stream.end();
  if (rest.length === 0) return begun;
  const whole = new Uint8Array(begun.length + rest.length);
  whole.set(begun);
  whole.set(rest, begun.length);
  return whole;
}

export function maskedHappening<Happening extends TaskHappening>(
  mask: Mask,
  happening: Happening,
): Happening {
  return { ...happening, data: maskedData(mask, happening) };
}

export const maskedEvent = (mask: Mask, event: TaskEvent): TaskEvent => maskedHappening(mask, event);

function maskedData(mask: Mask, { type, data }: TaskHappening): TaskHappening['data'] {
  if (type === 'message') return { ...data, text: mask.text(data.text) };
  if (type === 'done') return maskedOutcome(mask, data);
  if (type === 'tool') return { ...data, ...maskedTexts(mask, data, ['name', 'title', 'path', 'output']) };
  return { ...data, ...maskedTexts(mask, data, ['message']) };
}

const OUTCOME_TEXTS = [
  'error_message',
  'agent_message_final',
  'build_error_message',
  'preview_error_message',
] as const;

export const maskedOutcome = (mask: Mask, outcome: TaskOutcome): TaskOutcome => ({
  ...outcome,
  files_changed: mask.json(outcome.files_changed),
  ...maskedTexts(mask, outcome, OUTCOME_TEXTS),
});

/** The same texts without secrets; what is absent stays so, and what a tenant has put in their place is none. */
export function maskedTexts<Name extends string>(
  mask: Mask,
  texts: { readonly [key in Name]?: string | undefined },
  names: readonly Name[],
): { [key in Name]?: string } {
  const found: { [key in Name]?: string } = {};
  for (const name of names) {
    const text = texts[name];
    if (typeof text === 'string') found[name] = mask.text(text);
  }
  return found;
}

/** The output of a program as it comes, each of its two streams by itself. */
export async function* maskedExec(mask: Mask, events: AsyncIterable<ExecEvent>): AsyncIterable<ExecEvent> {
  const outputs = { stdout: new MaskedText(mask), stderr: new MaskedText(mask) };
  for await (const event of events) {
    if (event.type === 'exit') {
      yield* told('stdout', outputs.stdout.end());
      yield* told('stderr', outputs.stderr.end());
      yield event;
    } else yield* told(event.type, outputs[event.type].push(event.data));
  }
}

function* told(type: 'stdout' | 'stderr', data: string): Iterable<ExecEvent> {
  if (data !== '') yield { type, data };
}

/** A text that comes in pieces: a secret may begin in one and end in the next. */
export class MaskedText {
  readonly #stream;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(mask: Mask) {
    this.#stream = mask.stream();
  }

  /** What can be told by now. */
  push(text: string): string {
    return this.#decoder.decode(this.#stream.push(this.#encoder.encode(text)), { stream: true });
  }

  /** What was held back, when nothing more comes. */
  end(): string {
    return this.#decoder.decode(this.#stream.end());
  }
}
