import { createClient, LibsqlError } from '@libsql/client/http';
import { SandboxdError } from '../../domain/errors.ts';
import type { Store } from '../../domain/store.ts';
import { onDriver } from './driver.ts';
import { sqliteCode, translate } from './errors.ts';
import { migrate } from './migrate.ts';
import type { Sql } from './sql.ts';
import { createStore } from './store.ts';

export interface RemoteOptions {
  /** `libsql:`, `https:`, or `http:` for one on the same machine. */
  readonly url: string;
  readonly token?: string | undefined;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
  /** Awaited before anything is asked of the database: the place for what it must have seen first. */
  readonly ready?: () => Promise<void>;
}

const TIMEOUT_MS = 10_000;

/**
 * A remote database over HTTP. In a Worker, make one per request: a client that outlives its request hangs. It holds
 * no connection, so there is nothing to close.
 */
export const openRemoteStore = (options: RemoteOptions): Store => createStore(remoteSql(options));

/**
 * Brings the remote database up to this program's schema; to be done before its store is used.
 * @throws unavailable when it cannot be reached, or was written by a newer program
 */
export const migrateRemoteStore = (options: RemoteOptions): Promise<void> => migrate(remoteSql(options));

export function remoteSql(options: RemoteOptions): Sql {
  const { url, token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch, ready = alreadyReady } = options;
  const driver = onDriver(
    createClient({
      url,
      ...(token !== undefined && { authToken: token }),
      fetch: (request: Request) => ask(fetch, request, timeoutMs),
    }),
  );
  const reporting = async <T>(question: () => Promise<T>): Promise<T> => {
    await ready();
    try {
      return await question();
    } catch (error) {
      throw isNoAnswer(error) ? unanswered(error) : translate(error);
    }
  };
  return {
    read: (statement) => reporting(() => driver.read(statement)),
    batch: (statements) => reporting(() => driver.batch(statements)),
    tx: (work) => reporting(() => driver.tx(work)),
  };
}

const alreadyReady = async (): Promise<void> => {};

/** One round trip, the answer read to its end, so that a failure of the network can only happen here. */
async function ask(fetch: typeof globalThis.fetch, request: Request, timeoutMs: number): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(timeoutMs) });
    return new Response(await answer.arrayBuffer(), answer);
  } catch (cause) {
    throw unanswered(cause);
  }
}

/** Whether it was no database that answered, or not this client: a proxy's page, a refused token, a lost stream. */
const isNoAnswer = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof LibsqlError && sqliteCode(error) === undefined);

const unanswered = (cause: unknown) =>
  new SandboxdError('unavailable', 'The database does not answer. Try again in a moment.', { cause });
