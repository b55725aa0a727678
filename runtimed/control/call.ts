import type { IncomingMessage, ServerResponse } from 'node:http';
import { SandboxdError, invalid } from '../../src/domain/errors.ts';
import type { FileRoot } from '../../src/domain/paths.ts';

/** One request and its answer. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** What the route's pattern captured. */
  readonly parameter: string;
  /** Aborts when the client leaves or the server closes. */
  readonly signal: AbortSignal;
}

export type Handler = (call: Call) => Promise<void>;

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Of the whole path; at most one group. */
  readonly pattern: RegExp;
  readonly handle: Handler;
}

export function sendJson({ response }: Pick<Call, 'response'>, value: unknown, status = 200): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

export function sendNothing({ response }: Call): void {
  response.writeHead(204).end();
}

/** Starts an answer that goes on for as long as both sides stay; the head is sent at once. */
export function startStream({ response }: Call, contentType: string): void {
  response.writeHead(200, { 'content-type': contentType });
  response.flushHeaders();
}

/** Resolves when the client can take more. A client that has left takes anything. */
export function sendText({ response, signal }: Call, text: string | Uint8Array): Promise<void> {
  if (response.write(text) || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** The request's body as it comes. Leaving the loop early leaves the connection usable for the answer. */
export const bodyOf = ({ request }: Call): AsyncIterable<Buffer> =>
  request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;

/** @throws payload_too_large, invalid_request when it is not JSON */
export async function readJson(call: Call, maxBytes: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bodyOf(call)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw invalid('The body is not JSON.', { cause });
  }
}

/** Refuses by its announced length what would be refused anyway. @throws payload_too_large */
export function checkLength({ request }: Call, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

const tooLarge = (maxBytes: number) =>
  new SandboxdError('payload_too_large', `The body has more than ${maxBytes} bytes.`);

/** @throws invalid_request */
export function rootOf({ query }: Call): FileRoot {
  const root = query.get('root') || 'app';
  if (root === 'app' || root === 'home') return root;
  throw invalid('root: must be "app" or "home".');
}

export const isSet = ({ query }: Call, name: string): boolean =>
  ['1', 'true'].includes(query.get(name) ?? '');
