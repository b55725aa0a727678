import { Buffer } from 'node:buffer';
import type { OutgoingHttpHeaders } from 'node:http';
import { type Page, pagePolicy, renderPage } from './page.ts';
import type { Visit } from './visit.ts';

/** An answer of the proxy's own. */
export interface Answer {
  readonly status: number;
  /** What a program gets; a person who opens a page gets `page` when there is one. */
  readonly text: string;
  /** The media type of `text`; plain text when absent. */
  readonly type?: string;
  readonly page?: Page;
  readonly headers?: OutgoingHttpHeaders;
}

/** What every answer of ours needs to know of the instance. */
export interface AnswerContext {
  /** The `frame-ancestors` directive for our pages. */
  readonly framing: string;
  /** See `Limits.lingerMs`. */
  readonly lingerMs: number;
}

/** Answers a visit without asking any upstream. A client that has left is left alone. */
export function answer(
  visit: Visit,
  { status, text, type, page, headers }: Answer,
  context: AnswerContext,
): void {
  const { res } = visit;
  if (visit.isGone || res.headersSent) return;
  const asPage = page !== undefined && visit.isNavigation;
  const body = Buffer.from(asPage ? renderPage(page) : `${text}\n`);
  res.writeHead(status, {
    'Content-Type': asPage ? 'text/html; charset=utf-8' : (type ?? 'text/plain; charset=utf-8'),
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    ...(asPage ? { 'Content-Security-Policy': pagePolicy(context.framing) } : {}),
    ...headers,
  });
  res.end(body);
  visit.linger(context.lingerMs);
}

/** One answer for everything that does not exist, so that nothing can be told apart. */
export const NOT_FOUND: Answer = { status: 404, text: 'Not found.' };

export const badRequest = (why: string): Answer => ({
  status: 400,
  text: why,
  headers: { Connection: 'close' },
});

export const CLOSING: Answer = {
  status: 503,
  text: 'The server is shutting down. Try again in a few seconds.',
  headers: { 'Retry-After': 2, Connection: 'close' },
};
