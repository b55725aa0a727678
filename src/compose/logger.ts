import { inspect } from 'node:util';
import { lineLogger, type LineLoggerOptions } from '../domain/line-logger.ts';
import type { Logger } from '../domain/log.ts';

export interface LoggerOptions extends Pick<LineLoggerOptions, 'level' | 'redactor'> {
  readonly write: (line: string) => void;
}

/** For a supervisor's journal or a log file. */
export const createLogger = ({ write, ...options }: LoggerOptions): Logger =>
  lineLogger({
    ...options,
    write: (line) => write(`${line}\n`),
    describe: (cause) => inspect(cause, { depth: 5 }),
  });
