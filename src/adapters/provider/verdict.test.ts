import { describe, expect, it } from 'vitest';
import { keyMask } from './key-mask.ts';
import { MAX_MESSAGE_LENGTH } from './limits.ts';
import { readError, readFailureEvent } from './provider-error.ts';
import { KEY } from './testing/world.ts';
import { type Verdict, judge } from './verdict.ts';

const mask = keyMask(KEY);
const openai = (message: string, type?: string, code?: string | number) => ({
  error: { message, type, code },
});
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } });

const FAILURES: [Verdict, number, object][] = [
  ['refused', 401, openai('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key')],
  ['refused', 401, anthropic('authentication_error', 'invalid x-api-key')],
  ['refused', 401, anthropic('CreditsError', 'No payment method.')],
  ['refused', 402, openai('Insufficient credits', undefined, 402)],
  ['refused', 403, anthropic('permission_error', 'Your API key does not have permission.')],
  ['refused', 403, {}],
  ['refused', 429, openai('You exceeded your current quota.', 'insufficient_quota', 'insufficient_quota')],
  ['refused', 429, openai('Your billing is not active.', 'billing_not_active')],
  ['refused', 429, anthropic('FreeUsageLimitError', 'Free usage exceeded.')],
  ['refused', 429, openai('Insufficient balance or no resource package.', undefined, '1113')],
  ['refused', 400, anthropic('invalid_request_error', 'Your credit balance is too low to access the API.')],
  ['unknown_model', 404, anthropic('not_found_error', 'model: claude-0')],
  ['unknown_model', 404, openai('The model does not exist.', 'invalid_request_error', 'model_not_found')],
  ['unknown_model', 404, {}],
  ['unknown_model', 403, openai('No access to the model.', 'invalid_request_error', 'model_not_found')],
  ['unknown_model', 401, anthropic('ModelError', 'Model claude-0 is not supported')],
  ['unknown_model', 400, openai('Unknown model.', 'invalid_request_error', 'model_not_found')],
  ['transient', 429, openai('Rate limit reached.', 'tokens', 'rate_limit_exceeded')],
  [
    'transient',
    429,
    openai(
      'Rate limit reached. Insufficient quota? Add a payment method.',
      'requests',
      'rate_limit_exceeded',
    ),
  ],
  ['transient', 429, anthropic('rate_limit_error', 'This request would exceed your rate limit.')],
  [
    'transient',
    429,
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Check your plan and billing details.' } },
  ],
  ['transient', 429, {}],
  ['transient', 408, {}],
  ['transient', 500, anthropic('api_error', 'Internal server error')],
  ['transient', 502, {}],
  ['transient', 503, openai('model_not_found', 'model_not_found')],
  ['transient', 529, anthropic('overloaded_error', 'Overloaded')],
  ['answered', 400, openai('Bad request: my prompt says insufficient credits', 'invalid_request_error')],
  ['answered', 413, anthropic('request_too_large', 'Request exceeds the maximum size')],
  ['answered', 422, {}],
];

describe("what a provider's failure means", () => {
  it.each(FAILURES)('%s: %i %j', (verdict, status, body) => {
    expect(judge(readError(status, JSON.stringify(body), mask))).toBe(verdict);
  });

  it.each([
    ['refused', { code: 'insufficient_quota', message: 'No quota' }],
    ['unknown_model', { code: 'model_not_found', message: 'No model' }],
    ['transient', { type: 'overloaded_error', message: 'Overloaded' }],
    ['transient', 'something'],
  ])('%s: in the middle of an answer, %j', (verdict, failure) => {
    expect(judge(readFailureEvent(failure, mask))).toBe(verdict);
  });
});

describe("a provider's message", () => {
  it.each([
    ['{"error":{"message":"Of OpenAI"}}', 'Of OpenAI'],
    ['{"error":"Of Ollama"}', 'Of Ollama'],
    ['{"message":"Of a gateway"}', 'Of a gateway'],
    ['{"detail":"Of FastAPI"}', 'Of FastAPI'],
    ['plain words', 'plain words'],
    ['', 'The provider answered 403 Forbidden.'],
    ['{"error":{"message":""}}', 'The provider answered 403 Forbidden.'],
    ['[1]', 'The provider answered 403 Forbidden.'],
    [undefined, 'The provider answered 403 Forbidden.'],
    [
      '<html><head><title>Blocked\nhere</title></head>…',
      'The provider answered with the page "Blocked here".',
    ],
    ['\n<!doctype html><p>Whatever</p>', 'The provider answered with a page of HTML.'],
    ['{"error":{"message":"a\\u001b[31mb\\r\\nc\\u202e\\u0000d"}}', 'a [31mb c d'],
    [`{"error":{"message":"No ${KEY}"}}`, 'No ••••'],
  ])('is taken from %j', (text, message) => {
    expect(readError(403, text, mask).message).toBe(message);
  });

  it('is cut', () => {
    const { message } = readError(400, 'x'.repeat(5000), mask);
    expect(message).toHaveLength(MAX_MESSAGE_LENGTH);
    expect(message.endsWith('x…')).toBe(true);
  });

  it('has no piece of a key at the end of what is cut', () => {
    const { message } = readError(400, 'x'.repeat(MAX_MESSAGE_LENGTH - 10) + KEY + 'x'.repeat(100), mask);
    expect(message).not.toContain(KEY.slice(0, 4));
  });
});
