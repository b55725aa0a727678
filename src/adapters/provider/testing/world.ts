import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  createServer,
  request,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Upstream } from '../../../domain/provider.ts';
import { writingLogger } from '../../../../tests/fakes/recording-logger.ts';
import type { GateOpening, ProviderRefusal } from '../../../domain/provider-gate.ts';
import { NO_USAGE, type TaskUsage } from '../../../domain/task.ts';
import { HttpProviderGate } from '../gate.ts';
import { DEFAULT_LIMITS, type GateLimits } from '../limits.ts';

export const KEY = 'test-key-not-real-0123456789';
export const DIRECT = { caFile: undefined, outboundProxy: {} };

/** What a provider was asked. */
export interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeProvider extends AsyncDisposable {
  readonly baseUrl: string;
  /** Requests that have come to it whole. */
  readonly asked: Asked[];
}

/** @param answer what it does with each request, whose body it has read */
export async function fakeProvider(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse, asked: Asked) => void,
): Promise<FakeProvider> {
  const asked: Asked[] = [];
  const receive = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    try {
      const { method, url, headers } = incoming;
      const one = { method, url, headers, body: await text(incoming) };
      asked.push(one);
      answer(incoming, outgoing, one);
    } catch {
      // Whoever asked has gone in the middle of it.
      outgoing.destroy();
    }
  };
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {});
    void receive(incoming, outgoing);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** One that answers always the same. */
export const steadyProvider = (
  status: number,
  headers: Record<string, string>,
  body: string,
): Promise<FakeProvider> => fakeProvider((_, outgoing) => outgoing.writeHead(status, headers).end(body));

export const JSON_TYPE = { 'content-type': 'application/json' };
export const EVENTS_TYPE = { 'content-type': 'text/event-stream' };

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AgentRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

/** A sandbox's way to a provider, and what is told of it. */
export interface World extends AsyncDisposable {
  readonly gate: HttpProviderGate;
  readonly directory: string;
  readonly socketPath: string;
  readonly opening: GateOpening;
  readonly refusals: ProviderRefusal[];
  readonly usages: TaskUsage[];
  readonly logged: string[];
  /** As an agent does it. */
  send(path: string, options?: AgentRequest): Promise<IncomingMessage>;
  ask(path: string, options?: AgentRequest): Promise<Reply>;
  /** Opens once more, in place of what is open. */
  reopen(upstream: Upstream, usage?: TaskUsage): Promise<GateOpening>;
}

export interface WorldOptions {
  readonly limits?: Partial<GateLimits>;
  readonly upstream?: Partial<Upstream>;
  readonly usage?: TaskUsage;
  readonly outbound?: ConstructorParameters<typeof HttpProviderGate>[0]['outbound'];
  readonly clock?: () => number;
}

export async function makeWorld(baseUrl: string, options: WorldOptions = {}): Promise<World> {
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-provider-'));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  const logged: string[] = [];
  const gate = starting.use(
    new HttpProviderGate({
      outbound: options.outbound ?? DIRECT,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock: options.clock ?? Date.now,
      log: writingLogger(logged),
    }),
  );
  const refusals: ProviderRefusal[] = [];
  const usages: TaskUsage[] = [];
  const reopen = (upstream: Upstream, usage: TaskUsage = NO_USAGE) =>
    gate.open(directory, {
      upstream,
      usage,
      onUsage: (now) => void usages.push(now),
      onRefusal: (refusal) => void refusals.push(refusal),
    });
  const upstream: Upstream = { provider: 'openai', keyHeader: 'authorization', key: KEY, baseUrl };
  const opening = await reopen({ ...upstream, ...options.upstream }, options.usage);
  const socketPath = join(directory, 'provider.sock');
  const ending = starting.move();
  return {
    gate,
    directory,
    socketPath,
    opening,
    refusals,
    usages,
    logged,
    reopen,
    send: (path, asked) => sendAsAgent(socketPath, path, asked),
    ask: async (path, asked) => reply(await sendAsAgent(socketPath, path, asked)),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

const reply = async (incoming: IncomingMessage): Promise<Reply> => ({
  status: incoming.statusCode ?? 0,
  headers: incoming.headers,
  body: await text(incoming),
});

async function sendAsAgent(
  socketPath: string,
  path: string,
  { method = 'POST', headers, body = '{"model":"m"}', signal }: AgentRequest = {},
): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, path, method, agent: false, headers: { ...headers }, signal });
  outgoing.end(method === 'GET' ? undefined : body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  // Breaking off is what some tests are about; whoever reads hears of it.
  outgoing.on('error', () => {});
  return incoming;
}

/** Server-sent events, as providers write them. */
export const events = (...objects: object[]): string =>
  objects.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
