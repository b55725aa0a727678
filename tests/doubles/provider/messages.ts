import type { ToolCall } from './tool-call.ts';
import { type Answer, argumentsOf, namedFrame, piecesOf, REPORTED_USAGE, type Wire } from './wire.ts';

const { input, cacheRead, output } = REPORTED_USAGE;

const usage = {
  input_tokens: input - cacheRead,
  cache_read_input_tokens: cacheRead,
  cache_creation_input_tokens: 0,
  output_tokens: output,
};

/** Anthropic's messages. */
export const messages: Wire = {
  whole: (answer) => ({
    ...head(answer),
    content: [{ type: 'text', text: answer.text }, ...(answer.call ? [toolUse(answer, answer.call)] : [])],
    stop_reason: stopReason(answer),
    usage,
  }),
  opening: (answer) => [
    namedFrame('message_start', { message: head(answer) }),
    block('start', 0, { content_block: { type: 'text', text: '' } }),
    ...piecesOf(answer.text).map((text) => block('delta', 0, { delta: { type: 'text_delta', text } })),
  ],
  closing: (answer) => [
    block('stop', 0),
    ...(answer.call ? toolBlock(answer, answer.call) : []),
    namedFrame('message_delta', {
      delta: { stop_reason: stopReason(answer), stop_sequence: null },
      usage: { output_tokens: output },
    }),
    namedFrame('message_stop'),
  ],
};

const head = ({ id, model }: Answer) => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...usage, output_tokens: 1 },
});

const stopReason = ({ call }: Answer): string => (call === undefined ? 'end_turn' : 'tool_use');

const toolUse = ({ id }: Answer, { name, input }: ToolCall) => ({
  type: 'tool_use',
  id: `toolu_${id}`,
  name,
  input,
});

const block = (step: string, index: number, more: object = {}): string =>
  namedFrame(`content_block_${step}`, { index, ...more });

const toolBlock = (answer: Answer, call: ToolCall): string[] => [
  block('start', 1, { content_block: { ...toolUse(answer, call), input: {} } }),
  block('delta', 1, { delta: { type: 'input_json_delta', partial_json: argumentsOf(call) } }),
  block('stop', 1),
];
