import { describeFailure, lineLogger, type LineLoggerOptions } from '../domain/line-logger.ts';
import type { Logger, LogLevel } from '../domain/log.ts';

/** On the Worker's console, which the platform collects. */
export const edgeLogger = (options: Pick<LineLoggerOptions, 'level' | 'redactor'>): Logger =>
  lineLogger({ ...options, describe: describeFailure, write: (line, level) => CONSOLE[level](line) });

const CONSOLE: Readonly<Record<LogLevel, (line: string) => void>> = {
  debug: (line) => console.debug(line),
  info: (line) => console.log(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
};
