import type { ToolCall } from './tool-call.ts';

/** Tokens, as reported for every answer. Input counts what was read from the cache, output what was thought. */
export const REPORTED_USAGE = { input: 100, cacheRead: 10, output: 20, reasoning: 5 } as const;

export interface Answer {
  /** Unique within the provider. */
  readonly id: number;
  readonly model: string;
  readonly text: string;
  readonly call?: ToolCall;
}

/** How a dialect puts an answer. */
export interface Wire {
  whole(answer: Answer): object;
  /** The frames of a stream up to the end of what the model says: one that stalls goes no further. */
  opening(answer: Answer): string[];
  /** The frames from there: the use of a tool, what it took, the end. */
  closing(answer: Answer): string[];
}

export const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

export const namedFrame = (type: string, more: object = {}): string =>
  `event: ${type}\n${frame({ type, ...more })}`;

export const piecesOf = (text: string): readonly string[] => text.match(/[^]{1,12}/g) ?? [];

export const argumentsOf = ({ input }: ToolCall): string =>
  typeof input === 'string' ? input : JSON.stringify(input);
