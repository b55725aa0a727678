import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fromEnvelope } from '../domain/errors.ts';

/** What a running server tells about itself. */
export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly url: string;
  /** How many sandboxes there are, by status. */
  readonly sandboxes: Readonly<Record<string, number>>;
}

export interface IssuedToken {
  readonly token: string;
}

/** A server that holds its socket open but does not answer. */
const DEADLINE_MS = 10_000;

/** There is no server; the last three also where a data directory is no directory, or too long a name for a socket. */
const NOBODY_LISTENS = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG']);

/** Talks to the running server over its admin socket. */
export class AdminClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Undefined when no server listens there. */
  async status(): Promise<ServerStatus | undefined> {
    try {
      return (await this.#call('GET', '/admin/status')) as ServerStatus;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (NOBODY_LISTENS.has(code ?? '')) return undefined;
      throw error;
    }
  }

  /** @returns a URL that signs in whoever opens it first */
  async loginLink(): Promise<string> {
    return ((await this.#call('POST', '/admin/login-link')) as { url: string }).url;
  }

  /** @throws invalid_request when name or owner are none */
  async createToken(input: { name: string; owner?: string }): Promise<IssuedToken> {
    return (await this.#call('POST', '/admin/tokens', input)) as IssuedToken;
  }

  /** Asks the server to put its sandboxes to sleep and end; it goes on to do so when this returns. */
  async down(): Promise<void> {
    await this.#call('POST', '/admin/down');
  }

  async #call(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const answer = await send(this.#socketPath, method, path, body === undefined ? '' : JSON.stringify(body));
    const content = await text(answer);
    const status = answer.statusCode ?? 0;
    if (status >= 400) throw fromEnvelope(parse(content), status < 500 ? 'invalid_request' : 'internal');
    return content === '' ? undefined : parse(content);
  }
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // Whatever else listens on that socket, it is not this version's server.
    return undefined;
  }
}

function send(socketPath: string, method: string, path: string, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(DEADLINE_MS);
    request({ socketPath, method, path, signal, headers: body === '' ? {} : headers }, resolve)
      .once('error', reject)
      .end(body);
  });
}
