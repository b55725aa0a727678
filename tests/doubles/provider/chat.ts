import { type Answer, argumentsOf, frame, piecesOf, REPORTED_USAGE, type Wire } from './wire.ts';

const { input, cacheRead, output, reasoning } = REPORTED_USAGE;

const usage = {
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cacheRead },
  completion_tokens_details: { reasoning_tokens: reasoning },
};

/** OpenAI's chat completions. */
export const chat: Wire = {
  whole: (answer) => ({
    ...head(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        finish_reason: finishReason(answer),
        message: { role: 'assistant', content: answer.text, ...toolCalls(answer) },
      },
    ],
    usage,
  }),
  opening: (answer) => [
    chunk(answer, { role: 'assistant', content: '' }),
    ...piecesOf(answer.text).map((content) => chunk(answer, { content })),
  ],
  closing: (answer) => [
    ...(answer.call === undefined ? [] : [chunk(answer, toolCalls(answer))]),
    chunk(answer, {}, finishReason(answer)),
    frame({ ...head(answer, 'chat.completion.chunk'), choices: [], usage }),
    'data: [DONE]\n\n',
  ],
};

const head = ({ id, model }: Answer, object: string) => ({ id: `chatcmpl-${id}`, object, created: 1, model });

const finishReason = ({ call }: Answer): string => (call === undefined ? 'stop' : 'tool_calls');

const chunk = (answer: Answer, delta: object, finish_reason: string | null = null): string =>
  frame({ ...head(answer, 'chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason }] });

function toolCalls({ id, call }: Answer): object {
  if (call === undefined) return {};
  const used = { name: call.name, arguments: argumentsOf(call) };
  return { tool_calls: [{ index: 0, id: `call_${id}`, type: 'function', function: used }] };
}
