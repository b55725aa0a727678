import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { agentError, giveUp, sendError } from './answer.ts';
import { type Broken, agentLeft, asBroken, silent, unfit } from './broken.ts';
import type { Endpoint } from './endpoint.ts';
import { MAX_FAILURE_BYTES } from './limits.ts';
import { type ProviderError, cleanMessage, parse, readError, readFailureEvent } from './provider-error.ts';
import { type RequestBody, requestBody } from './request-body.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';
import type { Route } from './route.ts';
import { Silence } from './silence.ts';
import { UsageMeter } from './usage-meter.ts';
import { judge } from './verdict.ts';

/** One request of an agent, and the provider's answer to it. */
export class Exchange {
  readonly #route: Route;
  readonly #endpoint: Endpoint;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  /** Ends the request to the provider at once: nothing more is paid for. */
  readonly #ending = new AbortController();
  readonly #silence: Silence;

  constructor(route: Route, endpoint: Endpoint, request: IncomingMessage, response: ServerResponse) {
    this.#route = route;
    this.#endpoint = endpoint;
    this.#request = request;
    this.#response = response;
    const { silenceMs } = route.limits;
    this.#silence = new Silence(silenceMs, route.clock, () => this.#ending.abort(silent(silenceMs)));
  }

  /** The agent has gone away, or its gate closes. */
  leave(): void {
    this.#ending.abort(agentLeft());
  }

  async run(): Promise<void> {
    using silence = this.#silence;
    using _waiting = this.#route.trouble.wait(silence);
    try {
      const answer = await this.#ask();
      if (answer.statusCode >= 400) await this.#fail(answer);
      else await this.#relay(answer);
    } catch (thrown) {
      const { aborted, reason } = this.#ending.signal;
      this.#break(asBroken(aborted ? reason : thrown, this.#response.headersSent));
    }
  }

  async #ask(): Promise<Dispatcher.ResponseData> {
    const { upstream, url, dispatcher } = this.#route;
    const { headers, method } = this.#request;
    const body = method === 'POST' ? this.#body() : undefined;
    return dispatcher.request({
      origin: url.origin,
      path: url.pathname.replace(/\/$/, '') + this.#endpoint.path,
      method: method === 'POST' ? 'POST' : 'GET',
      headers: {
        ...requestHeaders(headers, upstream),
        ...(body?.length !== undefined && { 'content-length': String(body.length) }),
      },
      body: body?.stream ?? null,
      signal: this.#ending.signal,
      // How long a provider may be silent is measured here, from the first moment to the last.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  #body(): RequestBody {
    return requestBody(this.#request, {
      maxBytes: this.#route.limits.maxBodyBytes,
      asksForUsage: this.#endpoint.kind === 'chat',
      onPiece: () => this.#silence.listen(),
    });
  }

  async #relay({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<void> {
    requirePassable(statusCode, String(headers['content-encoding'] ?? 'identity'), body);
    const { kind } = this.#endpoint;
    const contentType = headers['content-type'];
    const meter = kind && new UsageMeter(kind, String(contentType ?? ''));
    this.#response.writeHead(statusCode, responseHeaders(headers, this.#route.mask));
    this.#response.flushHeaders();
    try {
      await this.#pass(body, meter);
    } finally {
      if (meter !== undefined) this.#route.spend(meter.finish());
    }
    this.#conclude(meter);
    this.#response.end();
  }

  /** At the agent's pace: what it does not read is not asked for. */
  async #pass(body: Readable, meter: UsageMeter | undefined): Promise<void> {
    const masked = this.#route.mask.stream();
    this.#silence.listen();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      meter?.push(chunk);
      await this.#write(masked.push(chunk));
      this.#silence.listen();
    }
    await this.#write(masked.end());
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.#response.write(bytes)) return;
    this.#silence.pause();
    await once(this.#response, 'drain', { signal: this.#ending.signal });
  }

  /** The whole answer has come; it may still say in its middle that it failed. */
  #conclude(meter: UsageMeter | undefined): void {
    if (meter === undefined) return;
    if (meter.failure === undefined) this.#route.trouble.answered();
    else this.#weigh(readFailureEvent(meter.failure, this.#route.mask));
  }

  async #fail({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<void> {
    const isReadable = (headers['content-encoding'] ?? 'identity') === 'identity';
    this.#silence.listen();
    const text = await readStart(body, MAX_FAILURE_BYTES);
    this.#silence.pause();
    const error = readError(statusCode, isReadable ? text : undefined, this.#route.mask);
    const given = this.#endpoint.kind === undefined ? undefined : this.#weigh(error);
    const kept = responseHeaders(headers, this.#route.mask);
    if (given !== undefined) sendError(this.#response, giveUp(given, error.code));
    else if (isReadable && parse(text) !== undefined)
      this.#response.writeHead(statusCode, kept).end(this.#route.mask.text(text));
    else sendError(this.#response, agentError(statusCode, error.message), kept);
  }

  /** @returns what the agent is told in place of the failure, to make it give up; undefined when the failure passes */
  #weigh(error: ProviderError): string | undefined {
    const { trouble } = this.#route;
    const { status, message } = error;
    const verdict = judge(error);
    if (verdict === 'answered') {
      trouble.answered();
      return undefined;
    }
    if (verdict === 'transient') return this.#count(status, message);
    trouble.refused(message);
    this.#route.refuse({ status, message, isFinal: verdict === 'refused' });
    return status === 429 || (status > 400 && status < 404) ? message : undefined;
  }

  #count(status: number, message: string): string | undefined {
    if (!this.#route.trouble.failed(message)) return undefined;
    this.#route.refuse({ status, message, isFinal: true });
    return message;
  }

  #break({ status, message, isProviders }: Broken): void {
    const shown = cleanMessage(message, this.#route.mask);
    const isDown =
      isProviders && this.#endpoint.kind !== undefined && this.#count(status, shown) !== undefined;
    sendError(this.#response, isDown ? giveUp(shown) : agentError(status, shown));
  }
}

/**
 * A redirect is not followed: it could lead the key anywhere. What is compressed all the same cannot be looked into.
 * @throws Broken
 */
function requirePassable(status: number, encoding: string, body: Readable): void {
  const isRedirect = status >= 300;
  if (!isRedirect && encoding === 'identity') return;
  body.on('error', () => {}).destroy();
  throw unfit(
    isRedirect ? `redirects (${status}), which is not followed` : `answers in the encoding ${encoding}`,
  );
}

/** The beginning of a body; the rest is not waited for. */
async function readStart(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString();
}
