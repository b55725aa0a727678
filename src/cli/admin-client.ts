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

/** An API key, but for its token. Times are RFC 3339. */
export interface ListedToken {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: string;
  readonly last_used_at?: string;
  readonly expires_at?: string;
}

/** Who asked for what, as the API tells it. */
export interface AuditLine {
  readonly id: string;
  readonly owner?: string;
  readonly actor: { readonly kind: string; readonly name?: string };
  readonly action: string;
  readonly target: Readonly<Record<string, string>>;
  readonly status: number;
  readonly address?: string;
  readonly created_at: string;
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

  /**
   * @param recover whether the console's password is forgotten and its sessions are ended first
   * @returns a URL that signs in whoever opens it first
   */
  async loginLink({ recover = false } = {}): Promise<string> {
    return ((await this.#call('POST', '/admin/login-link', { body: { recover } })) as { url: string }).url;
  }

  /** @throws invalid_request when name, owner or days are none */
  async createToken(input: { name: string; owner?: string; expires_in_days?: number }): Promise<IssuedToken> {
    return (await this.#call('POST', '/admin/tokens', { body: input })) as IssuedToken;
  }

  /** Newest first. */
  async tokens(owner: string | undefined): Promise<readonly ListedToken[]> {
    const path = `/admin/tokens${query({ owner })}`;
    return ((await this.#call('GET', path)) as { tokens: ListedToken[] }).tokens;
  }

  /** @throws not_found when the owner has none by this id */
  async revokeToken(id: string, owner: string | undefined): Promise<void> {
    await this.#call('DELETE', `/admin/tokens/${encodeURIComponent(id)}${query({ owner })}`);
  }

  /** Newest first: everybody's, or those of one owner. @throws invalid_request when the limit is none */
  async audit(options: { owner: string | undefined; limit: string | undefined }): Promise<AuditLine[]> {
    const path = `/admin/audit${query(options)}`;
    return ((await this.#call('GET', path)) as { entries: AuditLine[] }).entries;
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

type Method = 'GET' | 'POST' | 'DELETE';

interface AdminRequest {
  readonly body?: object;
  /** Until when an answer is waited for. */
  readonly signal?: AbortSignal;
}

/** Those that are given, as the end of a URL. */
function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
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
