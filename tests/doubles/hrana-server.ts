import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type PipelineRequest, ProtocolError } from './hrana-protocol.ts';
import { HranaStreams } from './hrana-streams.ts';

export interface HranaServer extends AsyncDisposable {
  readonly url: string;
  /** Requests answered so far. */
  requests(): number;
  /** Streams left open between requests: none, when every transaction was ended. */
  openStreams(): number;
}

export interface HranaOptions {
  /** The database file; created when missing. */
  readonly path: string;
  readonly token?: string;
  /** 0 picks a free one. */
  readonly port?: number;
  /** How long a writer waits for another one before it gets SQLITE_BUSY, in milliseconds. */
  readonly lockWaitMs?: number;
}

/**
 * A remote libSQL database on loopback: as much of "SQL over HTTP" (Hrana 2, JSON) as @libsql/client uses, over an
 * embedded file. For tests: it trusts its clients' SQL and keeps one connection per open stream.
 */
export async function startHranaServer({
  path,
  token,
  port = 0,
  lockWaitMs = 5_000,
}: HranaOptions): Promise<HranaServer> {
  const streams = new HranaStreams(path, lockWaitMs);
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(streams, token, request).then(
      ([status, body]) => send(response, status, body),
      (error: unknown) => send(response, ...failure(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    openStreams: () => streams.open,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      streams.close();
    },
  };
}

type Answer = [status: number, body: unknown];

async function answer(
  streams: HranaStreams,
  token: string | undefined,
  request: IncomingMessage,
): Promise<Answer> {
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
    return [401, { message: 'unauthorized', code: 'AUTH_INVALID' }];
  }
  if (request.method !== 'POST' || request.url !== '/v2/pipeline') return [404, { message: 'not found' }];
  return [200, await streams.pipeline(JSON.parse(await text(request)) as PipelineRequest)];
}

function failure(error: unknown): Answer {
  if (error instanceof ProtocolError || error instanceof SyntaxError)
    return [400, { message: error.message }];
  return [500, { message: String(error) }];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
