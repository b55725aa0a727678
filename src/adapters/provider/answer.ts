import type { ServerResponse } from 'node:http';

/** One for both families of APIs: each finds what it looks for. */
export interface AgentError {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly code?: string;
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export const agentError = (status: number, message: string): AgentError => ({
  status,
  type: TYPES[status] ?? 'api_error',
  message,
});

/** What makes agents give up: they try again after a 401, 403 or 429, and not after a 400. */
export const giveUp = (message: string, code?: string): AgentError => ({
  ...agentError(400, message),
  ...(code !== undefined && { code }),
});

/** Answers with an error, unless an answer has begun: that can only be broken off, its end would say that it is whole. */
export function sendError(
  response: ServerResponse,
  { status, type, message, code }: AgentError,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ type: 'error', error: { type, message, code: code ?? null, param: null } });
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    // The anthropic and openai clients obey this before they look at the status.
    ...(status < 429 && { 'x-should-retry': 'false' }),
  });
  response.end(body);
}
