import { inspect } from 'node:util';
import type { LogFields, Logger } from '../domain/log.ts';

/** One JSON object a line, for a supervisor's journal or a log file. */
export function createLogger(write: (line: string) => void): Logger {
  const log = (level: string, message: string, fields?: LogFields & { cause?: string }) =>
    write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields })}\n`);
  return {
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, cause, fields) =>
      log('error', message, { ...fields, cause: inspect(cause, { depth: 5 }) }),
  };
}
