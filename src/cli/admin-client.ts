import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fromEnvelope } from '../domain/errors.ts';
import type { GarbageOptions, GarbageReport } from '../domain/garbage.ts';
import type { RotationReport } from '../domain/rotation.ts';

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
    return (await this.#call('POST', '/admin/tokens', { body: input })) as IssuedToken;
  }

  /** Asks the server to put its sandboxes to sleep and end; it goes on to do so when this returns. */
  async down(): Promise<void> {
    await this.#call('POST', '/admin/down');
  }

  /**
   * A backup, as the bytes of its file, however long it takes.
   * @param keys the installation's keys, sealed; undefined to leave them out
   */
  backup(keys: string | undefined, signal: AbortSignal): Promise<Readable> {
    return this.#ask('POST', '/admin/backup', { body: { keys }, signal });
  }

  /** Finds what nobody needs any more, and removes it unless it is a trial, however long that takes. */
  async collectGarbage(options: GarbageOptions, signal: AbortSignal): Promise<GarbageReport> {
    return (await this.#call('POST', '/admin/gc', { body: options, signal })) as GarbageReport;
  }

  /** Seals every secret with a new key, however long that takes. @throws conflict while another rotation is under way */
  async rotateSecrets(signal: AbortSignal): Promise<RotationReport> {
    return (await this.#call('POST', '/admin/secrets/rotate', { signal })) as RotationReport;
  }

  async #call(method: Method, path: string, request?: AdminRequest): Promise<unknown> {
    const content = await text(await this.#ask(method, path, request));
    return content === '' ? undefined : parse(content);
  }

  /** @throws the server's own error when it refuses */
  async #ask(method: Method, path: string, request: AdminRequest = {}): Promise<IncomingMessage> {
    const answer = await send(this.#socketPath, method, path, request);
    const status = answer.statusCode ?? 0;
    if (status < 400) return answer;
    throw fromEnvelope(parse(await text(answer)), status < 500 ? 'invalid_request' : 'internal');
  }
}

type Method = 'GET' | 'POST';

interface AdminRequest {
  readonly body?: object;
  /** Until when an answer is waited for. */
  readonly signal?: AbortSignal;
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // Whatever else listens on that socket, it is not this version's server.
    return undefined;
  }
}

function send(
  socketPath: string,
  method: Method,
  path: string,
  { body, signal = AbortSignal.timeout(DEADLINE_MS) }: AdminRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
    request({ socketPath, method, path, signal, headers: content === '' ? {} : headers }, resolve)
      .once('error', reject)
      .end(content);
  });
}
