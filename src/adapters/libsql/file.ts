import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Client, createClient } from '@libsql/client/sqlite3';
import { SandboxdError } from '../../domain/errors.ts';
import type { Store } from '../../domain/store.ts';
import { onDriver } from './driver.ts';
import { isLocked, sqliteCode, translate } from './errors.ts';
import { migrate } from './migrate.ts';
import { Mutex } from './mutex.ts';
import { type Sql, type SqlQueries, type Statement, sql } from './sql.ts';
import { createStore } from './store.ts';

export interface FileOptions {
  /** How long a call waits for a lock that another process holds, in milliseconds. */
  readonly lockWaitMs?: number;
}

/** How long one attempt waits inside SQLite, in milliseconds. It freezes the event loop, so it is short. */
const ATTEMPT_MS = 40;
/** Pause between attempts, in milliseconds. */
const PAUSE_MS = 60;
const LOCK_WAIT_MS = 5_000;
/** How long a queue of calls may keep everything else in the process from having a turn, in milliseconds. */
const BREATH_MS = 10;

/**
 * Opens the embedded database, creating and migrating it as needed.
 * @param location a path or a `file:` URL; its directory must exist
 * @throws unavailable when it cannot be opened, or was written by a newer program
 */
export async function openFileStore(
  location: string,
  options: FileOptions = {},
): Promise<Store & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await FileSql.open(location, options));
  await migrate(database);
  const closing = opening.move();
  return { ...createStore(database), [Symbol.asyncDispose]: () => closing.disposeAsync() };
}

/**
 * Copies an embedded database that is in use: as it is at one moment, whole, and without the space its file has free.
 * @param into a path where there is nothing yet; what a failure leaves there is for the caller to remove
 * @throws unavailable when it cannot be read, or the copy not be written
 */
export async function copyFileStore(location: string, into: string): Promise<void> {
  // A connection of its own: one that only reads refuses this, and the one that writes has its queue.
  const client = createClient({ url: pathToFileURL(pathOfFile(location)).href, concurrency: 1 });
  try {
    await createPrivately(into);
    await onDriver(client).read(sql`VACUUM INTO ${into}`);
  } catch (error) {
    throw translate(error);
  } finally {
    client.close();
  }
}

/** One file, two connections: writers take turns on one, readers use the other and never wait for a writer. */
export class FileSql implements Sql, AsyncDisposable {
  readonly #writer: Connection;
  readonly #reader: Connection;

  private constructor(url: string, lockWaitMs: number) {
    this.#writer = new Connection(url, lockWaitMs, [
      sql`PRAGMA journal_mode = WAL`,
      sql`PRAGMA synchronous = NORMAL`,
      sql`PRAGMA foreign_keys = ON`,
      // What is deleted or replaced is overwritten, not only let go of: backups of the file and its disk outlive it.
      sql`PRAGMA secure_delete = ON`,
    ]);
    this.#reader = new Connection(url, lockWaitMs, [sql`PRAGMA query_only = ON`]);
  }

  static async open(location: string, { lockWaitMs = LOCK_WAIT_MS }: FileOptions = {}): Promise<FileSql> {
    const path = pathOfFile(location);
    await createPrivately(path);
    return new FileSql(pathToFileURL(path).href, lockWaitMs);
  }

  read<Row>(statement: Statement): Promise<Row[]> {
    return this.#reader.use((driver) => driver.read<Row>(statement));
  }

  batch(statements: readonly Statement[]): Promise<unknown[][]> {
    return this.#writer.use((driver) => driver.batch(statements));
  }

  tx<T>(work: (queries: SqlQueries) => Promise<T>): Promise<T> {
    return this.#writer.use((driver) => driver.tx(work));
  }

  /** Lets the calls under way finish, then closes. Idempotent; any later call is `unavailable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.close();
    await this.#writer.close(sql`PRAGMA wal_checkpoint(TRUNCATE)`);
  }
}

/**
 * One connection, used by one caller at a time, waiting for locks of other processes.
 *
 * A connection that met a lock is poisoned: it keeps the unfinished statement, and with it an old snapshot, for as long
 * as it is open. So after any failure but a broken rule it is replaced.
 */
class Connection {
  readonly #url: string;
  readonly #lockWaitMs: number;
  readonly #settings: readonly Statement[];
  readonly #turns = new Mutex();
  #client: Client | undefined;
  #breathedAt = performance.now();
  #closed = false;

  /** @param settings PRAGMAs, which last as long as one connection */
  constructor(url: string, lockWaitMs: number, settings: readonly Statement[]) {
    this.#url = url;
    this.#lockWaitMs = lockWaitMs;
    this.#settings = settings;
  }

  /** The wait for a turn counts as waiting for the lock, so that callers in a queue do not wait for each other's waits. */
  use<T>(work: (driver: Sql) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#lockWaitMs;
    return this.#turns.run(async () => {
      await this.#breathe();
      return this.#attempt(work, deadline);
    });
  }

  /** @param farewell run last if it can be: it tidies up, and nothing depends on it */
  async close(farewell?: Statement): Promise<void> {
    await this.#turns.run(async () => {
      try {
        if (farewell !== undefined && this.#client !== undefined) await onDriver(this.#client).read(farewell);
      } catch {
        // Another process uses the file; it will tidy up when it closes.
      }
      this.#closed = true;
      this.#drop();
    });
  }

  async #attempt<T>(work: (driver: Sql) => Promise<T>, deadline: number): Promise<T> {
    if (this.#closed) throw new SandboxdError('unavailable', 'The database is closed.');
    try {
      return await work(await this.#driver());
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_CONSTRAINT') this.#drop();
      if (!isLocked(error) || performance.now() > deadline) throw translate(error);
    }
    await pause(PAUSE_MS);
    return this.#attempt(work, deadline);
  }

  /** The driver works before it returns, so that one call after the other would leave no turn for anything else. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#breathedAt < BREATH_MS) return;
    await nextTurn();
    this.#breathedAt = performance.now();
  }

  async #driver(): Promise<Sql> {
    if (this.#client === undefined) {
      this.#client = createClient({ url: this.#url, concurrency: 1, timeout: ATTEMPT_MS });
      for (const setting of this.#settings) await onDriver(this.#client).read(setting);
    }
    return onDriver(this.#client);
  }

  #drop(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

/** `file:` and `file://` URLs and plain paths, as one absolute path. */
export function pathOfFile(location: string): string {
  if (location.startsWith('file://')) return fileURLToPath(location);
  return resolve(location.startsWith('file:') ? location.slice('file:'.length) : location);
}

/** Only the owner may read the database; the files SQLite puts beside it inherit that. */
async function createPrivately(path: string): Promise<void> {
  try {
    await using _file = await open(path, 'a', 0o600);
  } catch (cause) {
    const message = 'The database cannot be opened. Its directory must exist and be writable.';
    throw new SandboxdError('unavailable', message, { cause });
  }
}
