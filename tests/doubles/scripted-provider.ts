import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { chat } from './provider/chat.ts';
import {
  type Dialect,
  dialectOf,
  type ProviderRequestBody,
  readConversation,
} from './provider/conversation.ts';
import { messages } from './provider/messages.ts';
import { REFUSALS, type Refusal, refusalBody } from './provider/refusals.ts';
import { responses } from './provider/responses.ts';
import { nextStep, type ScriptOptions } from './provider/script.ts';
import { callFor } from './provider/tool-call.ts';
import { type Answer, REPORTED_USAGE, type Wire } from './provider/wire.ts';

/** What it plays: work to be done, a way to turn requests away, or a way to let them down. */
export const SCENARIOS: readonly string[] = [
  'ok',
  'bash',
  'grep',
  'remember',
  'hang',
  'stall',
  'drop',
].concat(Object.keys(REFUSALS));

/** The model that plays a scenario, for whoever cannot choose it by the path. */
export const modelFor = (scenario: string): string => `scripted-${scenario}`;

export interface ScriptedProviderOptions extends ScriptOptions {
  /** Turns away what comes with another key, or with none. */
  readonly key?: string;
  /** Said at the end of every refusal: some providers repeat there what they were sent. */
  readonly repeated?: string;
}

export interface ProviderRequest {
  readonly scenario: string;
  readonly method: string;
  /** Below the scenario. */
  readonly path: string;
  /** The key it came with, in whichever header; undefined when there is none. */
  readonly key: string | undefined;
  readonly headers: Readonly<IncomingMessage['headers']>;
  readonly body: string;
  readonly model: string | undefined;
  /** Set when it is answered; never for one that is left hanging. */
  status: number | undefined;
  /** The client left before it had its whole answer. */
  aborted: boolean;
}

export interface ScriptedProvider extends AsyncDisposable {
  /** Plays {@link scenario}; without `/v1`. */
  readonly url: string;
  /** What requests get that name no scenario, neither in their path nor by their model; `ok` at first. */
  scenario: string;
  /** Everything asked of it, the first request first. */
  readonly requests: readonly ProviderRequest[];
  /** Plays this scenario, whatever `scenario` is; without `/v1`. */
  urlOf(scenario: string): string;
  /** The tokens it has told its clients about until now. */
  usage(): {
    readonly input: number;
    readonly cacheRead: number;
    readonly output: number;
    readonly reasoning: number;
  };
}

const WIRES: Readonly<Record<Dialect, Wire>> = { chat, messages, responses };

/** A provider of models on loopback that needs no key and always says the same. For tests of agents and of their proxy. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const requests: ProviderRequest[] = [];
  let answered = 0;
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await receive(provider.scenario, incoming);
    requests.push(request);
    response.on('close', () => {
      request.aborted = !response.writableFinished;
    });
    if (reply(request, options, requests.length, response)) answered += 1;
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  // Agents try a WebSocket first where they know of one: they are told there is none.
  server.on('upgrade', (_, socket) =>
    socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\n'),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: ScriptedProvider = {
    url,
    scenario: 'ok',
    requests,
    urlOf: (scenario) => `${url}/${scenario}`,
    usage: () => multiplied(answered),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

const multiplied = (answers: number) => ({
  input: answers * REPORTED_USAGE.input,
  cacheRead: answers * REPORTED_USAGE.cacheRead,
  output: answers * REPORTED_USAGE.output,
  reasoning: answers * REPORTED_USAGE.reasoning,
});

async function receive(scenario: string, incoming: IncomingMessage): Promise<ProviderRequest> {
  const { pathname } = new URL(incoming.url ?? '/', 'http://provider');
  const [, first = ''] = pathname.split('/');
  const chosen = SCENARIOS.includes(first);
  const body = await text(incoming);
  const { model } = parsed(body);
  const ofModel = SCENARIOS.find((name) => model === modelFor(name));
  const { authorization, 'x-api-key': apiKey } = incoming.headers;
  return {
    scenario: chosen ? first : (ofModel ?? scenario),
    method: incoming.method ?? '',
    path: chosen ? pathname.slice(first.length + 1) : pathname,
    key: authorization?.replace(/^Bearer /, '') ?? apiKey?.toString(),
    headers: incoming.headers,
    body,
    model,
    status: undefined,
    aborted: false,
  };
}

const parsed = (body: string): ProviderRequestBody =>
  JSON.parse(body === '' ? '{}' : body) as ProviderRequestBody;

/** Answers true when the request was given something to count. */
function reply(
  request: ProviderRequest,
  options: ScriptedProviderOptions,
  id: number,
  response: ServerResponse,
): boolean {
  const dialect = dialectOf(request.path);
  const refusal =
    options.key === undefined || options.key === request.key ? REFUSALS[request.scenario] : REFUSALS['401'];
  if (refusal !== undefined) {
    const message = [refusal.message, options.repeated].filter(Boolean).join(' ');
    return refuse(request, dialect ?? 'chat', { ...refusal, message }, response);
  }
  if (request.scenario === 'hang') return false;
  if (request.scenario === 'drop') {
    response.destroy();
    return false;
  }
  if (dialect === undefined) return answerAside(request, response);
  const body = parsed(request.body);
  const conversation = readConversation(body);
  const { text, action } = nextStep(request.scenario, options, conversation);
  const call = action && callFor(action, conversation);
  const answer: Answer = { id, model: body.model ?? '', text, ...(call && { call }) };
  request.status = 200;
  return send(WIRES[dialect], answer, body.stream === true, request.scenario === 'stall', response);
}

function refuse(
  request: ProviderRequest,
  dialect: Dialect,
  refusal: Refusal,
  response: ServerResponse,
): false {
  request.status = refusal.status;
  const { retryAfter } = refusal;
  response.writeHead(refusal.status, {
    'content-type': 'application/json',
    ...(retryAfter !== undefined && { 'retry-after': `${retryAfter}` }),
  });
  response.end(JSON.stringify(refusalBody(dialect, refusal)));
  return false;
}

/** What agents ask besides: which models there are, and how long a request is. */
function answerAside(request: ProviderRequest, response: ServerResponse): false {
  const known: Readonly<Record<string, object>> = {
    '/v1/models': { object: 'list', data: [{ id: 'scripted', object: 'model' }] },
    '/v1/messages/count_tokens': { input_tokens: REPORTED_USAGE.input },
  };
  const body = known[request.path];
  request.status = body === undefined ? 404 : 200;
  response.writeHead(request.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? { error: { message: `Nothing is at ${request.path}.` } }));
  return false;
}

function send(
  wire: Wire,
  answer: Answer,
  streamed: boolean,
  stalls: boolean,
  response: ServerResponse,
): boolean {
  if (!streamed) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(wire.whole(answer)));
    return true;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const frame of wire.opening(answer)) response.write(frame);
  if (stalls) return false;
  for (const frame of wire.closing(answer)) response.write(frame);
  response.end();
  return true;
}
