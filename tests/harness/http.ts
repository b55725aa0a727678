import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface VisitOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** What a browser's address bar sends. */
export const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

/** One request to a URL whose host name need not resolve: it goes to this machine, as `*.localhost` does in browsers. */
export async function visit(
  url: string,
  { method = 'GET', headers, body, signal }: VisitOptions = {},
): Promise<Answer> {
  const { host, port, pathname, search } = new URL(url);
  const outgoing = request({
    host: '127.0.0.1',
    port,
    method,
    path: pathname + search,
    headers: { host, ...headers },
    agent: false,
    signal,
  });
  // One that comes before the answer is thrown; after an early answer, what is left of the body may get nowhere.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  const bytes = await buffer(incoming);
  const { statusCode: status = 0, headers: answered } = incoming;
  return { status, headers: answered, bytes, text: bytes.toString('utf8') };
}

/** Repeats until an answer has the status, or the time (milliseconds) is over; answers the last one. */
export async function visitUntil(
  status: number,
  url: string,
  ms: number,
  options?: VisitOptions,
): Promise<Answer> {
  const deadline = performance.now() + ms;
  for (;;) {
    const answer = await visit(url, options);
    if (answer.status === status || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
