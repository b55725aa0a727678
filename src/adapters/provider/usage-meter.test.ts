import { describe, expect, it } from 'vitest';
import type { TaskUsage } from '../../domain/task.ts';
import type { ApiKind } from './endpoint.ts';
import { MAX_REPORT_BYTES } from './limits.ts';
import { events } from './testing/world.ts';
import { UsageMeter } from './usage-meter.ts';

const EVENTS = 'text/event-stream; charset=utf-8';
const JSON_TYPE = 'application/json';

function measure(kind: ApiKind, type: string, body: string, pieceLength = body.length): UsageMeter {
  const meter = new UsageMeter(kind, type);
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += pieceLength) meter.push(bytes.subarray(at, at + pieceLength));
  return meter;
}

const CHAT_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 10 },
  completion_tokens_details: { reasoning_tokens: 7 },
};
const RESPONSES_USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
};
const MESSAGES_USAGE = {
  input_tokens: 100,
  cache_read_input_tokens: 10,
  cache_creation_input_tokens: 30,
  output_tokens: 1,
};

const OF_CHAT = { input: 90, output: 20, reasoning: 7, cache_read: 10, cache_write: 0, total: 120, cost: 0 };
const OF_RESPONSES = {
  input: 60,
  output: 20,
  reasoning: 5,
  cache_read: 40,
  cache_write: 0,
  total: 120,
  cost: 0,
};
const OF_MESSAGES = {
  input: 100,
  output: 1,
  reasoning: 0,
  cache_read: 10,
  cache_write: 30,
  total: 141,
  cost: 0,
};

const CASES: [string, ApiKind, string, string, Partial<TaskUsage>][] = [
  ['a chat completion', 'chat', JSON_TYPE, JSON.stringify({ choices: [], usage: CHAT_USAGE }), OF_CHAT],
  [
    'a streamed chat completion, whose last chunk tells',
    'chat',
    EVENTS,
    `${events({ choices: [{}], usage: null }, { choices: [], usage: CHAT_USAGE })}data: [DONE]\n\n`,
    OF_CHAT,
  ],
  [
    'a chat completion that tells its usage in every chunk, growing',
    'chat',
    EVENTS,
    events({ usage: { ...CHAT_USAGE, completion_tokens: 3 } }, { usage: CHAT_USAGE }),
    OF_CHAT,
  ],
  [
    "OpenRouter's cost, and what it wrote to the cache",
    'chat',
    JSON_TYPE,
    JSON.stringify({
      usage: {
        prompt_tokens: 100,
        completion_tokens: 2,
        cost: 0.0125,
        prompt_tokens_details: { cached_tokens: 10, cache_write_tokens: 50 },
      },
    }),
    { input: 40, cache_read: 10, cache_write: 50, output: 2, total: 102, cost: 0.0125 },
  ],
  [
    "opencode Zen's cost, a text beside the usage",
    'chat',
    EVENTS,
    events({ choices: [], usage: CHAT_USAGE }, { choices: [], cost: '0.031' }),
    { ...OF_CHAT, cost: 0.031 },
  ],
  [
    'a message',
    'messages',
    JSON_TYPE,
    JSON.stringify({ type: 'message', usage: MESSAGES_USAGE }),
    OF_MESSAGES,
  ],
  [
    'a streamed message, which counts on',
    'messages',
    EVENTS,
    events(
      { type: 'message_start', message: { usage: MESSAGES_USAGE } },
      { type: 'content_block_delta', delta: { text: 'no "usage" of it' } },
      { type: 'message_delta', usage: { output_tokens: 20, cache_read_input_tokens: null } },
    ),
    { ...OF_MESSAGES, output: 20, total: 160 },
  ],
  [
    'a response',
    'responses',
    JSON_TYPE,
    JSON.stringify({ output: [], usage: RESPONSES_USAGE }),
    OF_RESPONSES,
  ],
  ...['response.completed', 'response.incomplete', 'response.failed'].map((type): (typeof CASES)[number] => [
    `a streamed response that ends with ${type}`,
    'responses',
    EVENTS,
    events(
      { type: 'response.created', response: { usage: null } },
      { type, response: { usage: RESPONSES_USAGE } },
    ),
    OF_RESPONSES,
  ]),
  [
    'numbers that cannot be',
    'chat',
    JSON_TYPE,
    '{"usage":{"prompt_tokens":-5,"completion_tokens":1e300,"cost":"much","prompt_tokens_details":7}}',
    { input: 0, output: 0, cache_read: 0, total: 0, cost: 0 },
  ],
  ['what is no JSON', 'chat', JSON_TYPE, '"usage" of the imagination', { total: 0, cost: 0 }],
  ['nothing', 'messages', JSON_TYPE, '', { total: 0 }],
];

describe('what an answer took', () => {
  it.each(CASES)('is read from %s', (_, kind, type, body, expected) => {
    expect(measure(kind, type, body).finish()).toMatchObject(expected);
  });

  it.each(CASES)('is read from %s, a byte at a time', (_, kind, type, body, expected) => {
    expect(measure(kind, type, body, 1).finish()).toMatchObject(expected);
  });

  it('is read with either end of line, and from a last line that has none', () => {
    const body = events({ choices: [] }).replaceAll('\n', '\r\n');
    const meter = measure('chat', EVENTS, `${body}data:${JSON.stringify({ usage: CHAT_USAGE })}\r`);
    expect(meter.finish()).toMatchObject(OF_CHAT);
  });

  it('is not read from a line that is too long, and again from the next one', () => {
    const long = `data: {"usage":{"prompt_tokens":7},"x":"${'x'.repeat(MAX_REPORT_BYTES)}"}\n\n`;
    expect(measure('chat', EVENTS, long, 65_536).finish().total).toBe(0);
    const after = measure('chat', EVENTS, long + events({ usage: CHAT_USAGE }), 65_536);
    expect(after.finish()).toMatchObject(OF_CHAT);
  });

  it.each([
    ['messages', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'Overloaded'],
    ['responses', { type: 'error', code: 'server_error', message: 'Sorry' }, 'Sorry'],
    ['responses', { type: 'response.failed', response: { error: { message: 'No quota' } } }, 'No quota'],
    ['chat', { error: { message: 'Upstream is gone', code: 502 } }, 'Upstream is gone'],
  ] as const)('may be an error in the middle of %s', (kind, event, message) => {
    const meter = measure(kind, EVENTS, events({ choices: [] }, event));
    meter.finish();
    expect(meter.failure).toMatchObject({ message });
  });

  it('is no failure where a response says that it has none', () => {
    const meter = measure('responses', JSON_TYPE, JSON.stringify({ error: null, usage: RESPONSES_USAGE }));
    expect(meter.finish()).toMatchObject(OF_RESPONSES);
    expect(meter.failure).toBeUndefined();
  });
});
