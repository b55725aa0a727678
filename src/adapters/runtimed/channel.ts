import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Pool, type buildConnector } from 'undici';
import { SandboxdError } from '../../domain/errors.ts';
import { readLines } from '../../domain/lines.ts';
import { reportedError } from './answers.ts';
import { connectControlSocket } from './control-socket.ts';

/** Streams hold one each; more than these wait. */
const MAX_CONNECTIONS = 64;
const HEADERS_DEADLINE_MS = 30_000;
const MAX_FAILURE_BYTES = 64 * 1024;

export interface CallOptions {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte after which a stream counts as broken; 0 = never. */
  readonly silenceMs?: number;
}

/** HTTP over one sandbox's control socket, with every answer bounded. */
export class ControlChannel implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(controlDirectory: string) {
    this.#pool = new Pool('http://runtimed', {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      headersTimeout: HEADERS_DEADLINE_MS,
      maxHeaderSize: 16 * 1024,
      connect: (_options, done) => void told(connectControlSocket(controlDirectory), done),
    });
  }

  /** The whole answer, which is at most `maxBytes`. */
  async call(path: string, maxBytes: number, options: CallOptions): Promise<Buffer> {
    return this.#translating(async () => readAtMost(await this.#request(path, options), maxBytes));
  }

  /** The lines of an answer as they come. Ends without an error when the signal aborts. */
  async *lines(
    path: string,
    maxLength: number,
    options: CallOptions,
  ): AsyncGenerator<string, void, undefined> {
    const { signal } = options;
    if (signal.aborted) return;
    try {
      yield* readLines(await this.#request(path, options), maxLength);
    } catch (error) {
      if (!signal.aborted) throw unavailable(error);
    }
  }

  /** @throws what runtimed reports, or what the connection failed with */
  async #request(
    path: string,
    { method = 'GET', query, body, signal, silenceMs }: CallOptions,
  ): Promise<Readable> {
    const answer = await this.#pool.request({
      path: query === undefined ? path : `${path}?${new URLSearchParams(query).toString()}`,
      method,
      signal,
      body: body ?? null,
      bodyTimeout: silenceMs ?? HEADERS_DEADLINE_MS,
      headers: typeof body === 'string' ? { 'content-type': 'application/json' } : {},
    });
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body;
    const text = (await readAtMost(answer.body, MAX_FAILURE_BYTES)).toString();
    throw reportedError(answer.statusCode, text);
  }

  async #translating<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw unavailable(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}

/** A promise's outcome, the way the pool wants to be told. */
async function told(connecting: Promise<Socket>, done: buildConnector.Callback): Promise<void> {
  const outcome = await connecting.catch((error: Error) => error);
  if (outcome instanceof Error) done(outcome, null);
  else done(null, outcome);
}

async function readAtMost(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new RangeError(`The answer has more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whatever went wrong on the way, the sandbox is what did not answer as it should. */
function unavailable(error: unknown): SandboxdError {
  if (error instanceof SandboxdError) return error;
  return new SandboxdError('sandbox_unavailable', 'The sandbox does not answer.', { cause: error });
}
