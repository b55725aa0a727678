import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from './log.ts';
import type { Redactor } from './redactor.ts';
import { shorten } from './shorten.ts';

/** Characters of a field: a line stays a line, whatever is in names and errors. */
const MAX_FIELD_LENGTH = 8192;
/** Characters that are looked through: more than are shown, so that no secret is cut before it is known. */
const MAX_READ = 8 * MAX_FIELD_LENGTH;

export interface LineLoggerOptions {
  /** Less important lines are left out. */
  readonly level: LogLevel;
  readonly redactor: Pick<Redactor, 'text'>;
  /** An error in full, with what led to it. */
  readonly describe: (cause: unknown) => string;
  readonly write: (line: string, level: LogLevel) => void;
}

/** One JSON object a line: `at`, `level`, `message`, and the fields beside it. Everything passes the redactor. */
export function lineLogger(options: LineLoggerOptions, always: LogFields = {}): Logger {
  const { level: lowest, write } = options;
  const from = LOG_LEVELS.indexOf(lowest);
  const log = (level: LogLevel, message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < from) return;
    const shown = shownFields({ message, ...always, ...fields }, options.redactor);
    write(JSON.stringify({ at: new Date().toISOString(), level, ...shown }), level);
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, cause, fields) =>
      log('error', message, { ...fields, cause: safely(options.describe, cause) }),
    with: (fields) => lineLogger(options, { ...always, ...fields }),
  };
}

/** The failure with everything that led to it: messages and stacks. */
export function describeFailure(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.stack ?? thrown.message;
  return thrown.cause === undefined ? own : `${own}\ncaused by ${describeFailure(thrown.cause)}`;
}

const shownFields = (fields: LogFields, redactor: Pick<Redactor, 'text'>): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? shorten(redactor.text(value.slice(0, MAX_READ)), MAX_FIELD_LENGTH) : value,
    ]),
  );

/** Logging never throws, whatever was thrown. */
function safely(describe: (cause: unknown) => string, cause: unknown): string {
  try {
    return describe(cause);
  } catch (error) {
    return `a cause that cannot be described: ${error instanceof Error ? error.message : typeof error}`;
  }
}
