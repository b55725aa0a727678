import type { TaskUsage } from '../../domain/task.ts';
import { type AnswerReader, answerReader } from './answer-reader.ts';
import type { ApiKind } from './endpoint.ts';
import { fieldsOf } from './provider-error.ts';
import { usageOf } from './usage.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Reads what one answer takes, and whether it fails in its middle, from the bytes that pass. */
export class UsageMeter {
  readonly #kind: ApiKind;
  readonly #reader: AnswerReader;
  /** What was said last of each number: providers count on, event by event. */
  readonly #reported: Record<string, unknown> = {};
  #cost: unknown;
  #failure: unknown;

  constructor(kind: ApiKind, contentType: string | undefined) {
    this.#kind = kind;
    this.#reader = answerReader(contentType, (report) => this.#take(report));
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** What was taken by now: an answer that breaks off is paid for as far as it came. */
  finish(): TaskUsage {
    this.#reader.end();
    return usageOf(this.#kind, this.#reported, this.#cost);
  }

  /** What the provider says went wrong after it had begun, if anything. */
  get failure(): unknown {
    return this.#failure;
  }

  #take(report: Fields): void {
    // By turns: a whole answer, Anthropic's beginning, and OpenAI's end.
    const holders = [report, fieldsOf(report['message']), fieldsOf(report['response'])];
    for (const holder of holders) {
      const usage = fieldsOf(holder['usage']);
      for (const [name, value] of Object.entries(usage)) {
        if (value !== null) this.#reported[name] = value;
      }
      // opencode Zen tells it beside the usage.
      this.#cost = usage['cost'] ?? holder['cost'] ?? this.#cost;
      this.#failure ??= holder['error'] ?? undefined;
    }
    // OpenAI's event of that name has its message and code in itself.
    if (report['type'] === 'error') this.#failure ??= report;
  }
}
