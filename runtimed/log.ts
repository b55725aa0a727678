import type { Clock } from '../src/domain/ids.ts';
import type { LogFields, Logger } from '../src/domain/log.ts';

/** Characters of one field: a line stays a line, whatever a tenant makes of names and errors. */
const MAX_FIELD_LENGTH = 4096;

/** One JSON object a line. */
export function lineLogger(write: (line: string) => void, clock: Clock, always: LogFields = {}): Logger {
  const emit = (level: string, message: string, fields: LogFields = {}) => {
    const time = new Date(clock()).toISOString();
    write(`${JSON.stringify({ time, level, message, ...always, ...fields }, bounded)}\n`);
  };
  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, cause, fields) => emit('error', message, { ...fields, cause: describe(cause) }),
    with: (fields) => lineLogger(write, clock, { ...always, ...fields }),
  };
}

/** The message and stack of an error and of what caused it. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const own = cause.stack ?? cause.message;
  return cause.cause === undefined ? own : `${own}\ncaused by ${describe(cause.cause)}`;
}

const bounded = (_key: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_FIELD_LENGTH
    ? `${value.slice(0, MAX_FIELD_LENGTH)}…`
    : value;
