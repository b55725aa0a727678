import type { TaskUsage } from '../../domain/task.ts';
import type { ApiKind } from './endpoint.ts';
import { fieldsOf } from './provider-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** No answer has more: a number beyond it is none. */
const MAX_TOKENS = 1e9;
const MAX_COST = 1e6;

/**
 * What a provider says its answer took, in one form. `input` is what was read anew: the APIs of OpenAI count what came
 * from the cache as input once more, and Anthropic's does not. `reasoning` is a part of `output`.
 * So `total` = `input` + `output` + `cache_read` + `cache_write`.
 * @param cost by the provider's own reckoning, as some gateways tell it, in US dollars: a number or the text of one
 */
export function usageOf(kind: ApiKind, reported: Fields, cost: unknown): TaskUsage {
  const counts = COUNTS[kind](reported);
  const { input, output, cache_read, cache_write } = counts;
  return { ...counts, total: input + output + cache_read + cache_write, cost: dollars(cost) };
}

type Counts = Omit<TaskUsage, 'total' | 'cost'>;

const COUNTS: Readonly<Record<ApiKind, (reported: Fields) => Counts>> = {
  messages: (reported) => ({
    input: tokens(reported['input_tokens']),
    output: tokens(reported['output_tokens']),
    reasoning: 0,
    cache_read: tokens(reported['cache_read_input_tokens']),
    cache_write: tokens(reported['cache_creation_input_tokens']),
  }),
  chat: (reported) => countsByOpenAi(reported, 'prompt_tokens', 'completion_tokens'),
  responses: (reported) => countsByOpenAi(reported, 'input_tokens', 'output_tokens'),
};

function countsByOpenAi(reported: Fields, input: string, output: string): Counts {
  const details = fieldsOf(reported[`${input}_details`]);
  const cache_read = tokens(details['cached_tokens']);
  const cache_write = tokens(details['cache_write_tokens']);
  return {
    input: Math.max(0, tokens(reported[input]) - cache_read - cache_write),
    output: tokens(reported[output]),
    reasoning: tokens(fieldsOf(reported[`${output}_details`])['reasoning_tokens']),
    cache_read,
    cache_write,
  };
}

const tokens = (value: unknown): number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TOKENS ? Math.floor(value) : 0;

function dollars(value: unknown): number {
  const given = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof given === 'number' && given >= 0 && given <= MAX_COST ? given : 0;
}

export const addUsage = (a: TaskUsage, b: TaskUsage): TaskUsage => ({
  input: a.input + b.input,
  output: a.output + b.output,
  reasoning: a.reasoning + b.reasoning,
  cache_read: a.cache_read + b.cache_read,
  cache_write: a.cache_write + b.cache_write,
  total: a.total + b.total,
  cost: a.cost + b.cost,
});
