import type { ToolCall } from './tool-call.ts';
import { type Answer, argumentsOf, namedFrame, piecesOf, REPORTED_USAGE, type Wire } from './wire.ts';

const { input, cacheRead, output, reasoning } = REPORTED_USAGE;

const usage = {
  input_tokens: input,
  input_tokens_details: { cached_tokens: cacheRead },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
};

/** OpenAI's responses. */
export const responses: Wire = {
  whole: (answer) => finished(answer),
  opening: (answer) => {
    const message = said(answer);
    const place = { item_id: message.id, output_index: 0, content_index: 0 };
    return [
      namedFrame('response.created', { response: head(answer, 'in_progress') }),
      item('added', 0, { ...message, status: 'in_progress', content: [] }),
      ...piecesOf(answer.text).map((delta) => namedFrame('response.output_text.delta', { ...place, delta })),
    ];
  },
  closing: (answer) => {
    const used = answer.call && called(answer, answer.call);
    return [
      item('done', 0, said(answer)),
      ...(used ? [item('added', 1, used), item('done', 1, used)] : []),
      namedFrame('response.completed', { response: finished(answer) }),
    ];
  },
};

const head = ({ id, model }: Answer, status: string) => ({
  id: `resp_${id}`,
  object: 'response',
  created_at: 1,
  status,
  model,
  output: [],
});

const finished = (answer: Answer) => ({
  ...head(answer, 'completed'),
  output: [said(answer), ...(answer.call ? [called(answer, answer.call)] : [])],
  usage,
});

const said = ({ id, text }: Answer) => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});

function called({ id }: Answer, call: ToolCall): object {
  const head = { call_id: `call_${id}`, name: call.name, status: 'completed' };
  return typeof call.input === 'string'
    ? { type: 'custom_tool_call', id: `ctc_${id}`, ...head, input: call.input }
    : { type: 'function_call', id: `fc_${id}`, ...head, arguments: argumentsOf(call) };
}

const item = (step: string, output_index: number, value: object): string =>
  namedFrame(`response.output_item.${step}`, { output_index, item: value });
