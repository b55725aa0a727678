import { randomUUID } from 'node:crypto';
import Database from 'libsql';
import {
  type BatchCondition,
  type BatchStep,
  decode,
  encode,
  type HranaError,
  type HranaStatement,
  type PipelineRequest,
  ProtocolError,
  type StatementResult,
  type StreamRequest,
} from './hrana-protocol.ts';
import { WriterLock } from './writer-lock.ts';

/** A stream that its client does not come back to is closed, and its transaction undone. */
const STREAM_TTL_MS = 10_000;

interface Stream {
  readonly connection: Database.Database;
  readonly stored: Map<number, string>;
}

/** SQLite connections that clients address by the baton of their last answer. */
export class HranaStreams {
  readonly #path: string;
  readonly #lockWaitMs: number;
  readonly #lock = new WriterLock();
  readonly #parked = new Map<string, { readonly stream: Stream; readonly expiry: NodeJS.Timeout }>();

  constructor(path: string, lockWaitMs: number) {
    this.#path = path;
    this.#lockWaitMs = lockWaitMs;
    this.#end(this.#begin());
  }

  get open(): number {
    return this.#parked.size;
  }

  close(): void {
    for (const baton of this.#parked.keys()) this.#end(this.#resume(baton));
  }

  /** Carries out one HTTP request's worth of work on a new or a parked stream. */
  async pipeline({ baton, requests }: PipelineRequest) {
    const stream = baton ? this.#resume(baton) : this.#begin();
    const results = [];
    for (const request of requests) results.push(await this.#answer(stream, request));
    const ended = requests.at(-1)?.type === 'close';
    if (ended) this.#end(stream);
    return { baton: ended ? null : this.#park(stream), base_url: null, results };
  }

  #begin(): Stream {
    const connection = new Database(this.#path, { timeout: 0 });
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON');
    return { connection, stored: new Map() };
  }

  #park(stream: Stream): string {
    const baton = randomUUID();
    const expiry = setTimeout(() => this.#end(this.#resume(baton)), STREAM_TTL_MS);
    this.#parked.set(baton, { stream, expiry });
    return baton;
  }

  #resume(baton: string): Stream {
    const parked = this.#parked.get(baton);
    if (parked === undefined) throw new ProtocolError('stream not found or expired');
    this.#parked.delete(baton);
    clearTimeout(parked.expiry);
    return parked.stream;
  }

  #end(stream: Stream): void {
    if (stream.connection.inTransaction) stream.connection.exec('ROLLBACK');
    stream.connection.close();
    this.#lock.release(stream);
  }

  async #answer(stream: Stream, request: StreamRequest) {
    try {
      return { type: 'ok', response: { type: request.type, ...(await this.#carryOut(stream, request)) } };
    } catch (error) {
      return { type: 'error', error: toHranaError(error) };
    }
  }

  async #carryOut(stream: Stream, request: StreamRequest): Promise<object> {
    switch (request.type) {
      case 'execute':
        return { result: await this.#execute(stream, request.stmt) };
      case 'batch':
        return { result: await this.#batch(stream, request.batch.steps) };
      case 'store_sql':
        stream.stored.set(request.sql_id, request.sql);
        return {};
      case 'close_sql':
        stream.stored.delete(request.sql_id);
        return {};
      case 'close':
        return {};
      default:
        throw new ProtocolError(`unknown request ${JSON.stringify(request)}`);
    }
  }

  async #batch(stream: Stream, steps: readonly BatchStep[]) {
    const results: (StatementResult | null)[] = steps.map(() => null);
    const errors: (HranaError | null)[] = steps.map(() => null);
    const holds = (condition: BatchCondition): boolean => {
      if (condition.type === 'not') return !holds(condition.cond);
      return (condition.type === 'ok' ? results : errors)[condition.step] !== null;
    };
    for (const [index, { condition, stmt }] of steps.entries()) {
      if (condition !== undefined && !holds(condition)) continue;
      try {
        results[index] = await this.#execute(stream, stmt);
      } catch (error) {
        errors[index] = toHranaError(error);
      }
    }
    return { step_results: results, step_errors: errors };
  }

  async #execute(stream: Stream, statement: HranaStatement): Promise<StatementResult> {
    const sql = statement.sql ?? stream.stored.get(statement.sql_id ?? -1);
    if (sql === undefined) throw new ProtocolError('no SQL text');
    if (writes(sql) && !(await this.#lock.acquire(stream, this.#lockWaitMs))) {
      throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    }
    try {
      return run(stream.connection, sql, (statement.args ?? []).map(decode));
    } finally {
      if (!stream.connection.inTransaction) this.#lock.release(stream);
    }
  }
}

const writes = (sql: string): boolean => !/^\s*(select|values|explain|pragma|commit|rollback)\b/i.test(sql);

function run(connection: Database.Database, sql: string, values: readonly unknown[]): StatementResult {
  const statement = connection.prepare(sql).safeIntegers(true);
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run(...values);
    return { cols: [], rows: [], affected_row_count: changes, last_insert_rowid: String(lastInsertRowid) };
  }
  const cols = statement.columns().map(({ name, type }) => ({ name, decltype: type }));
  const rows = statement.raw(true).all(...values) as unknown[][];
  return { cols, rows: rows.map((row) => row.map(encode)), affected_row_count: 0, last_insert_rowid: null };
}

/** As servers do: the base code only, and a prefix of their own. */
function toHranaError(error: unknown): HranaError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const base = typeof code === 'string' ? /^SQLITE_[A-Z]+/.exec(code)?.[0] : undefined;
  return { message: `SQLite error: ${String(message)}`, code: base ?? 'SQL_ERROR' };
}
