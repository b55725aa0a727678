import type { LogFields, Logger } from '../../src/domain/log.ts';

/** What was logged, for tests that must not find a secret or must find a failure there. */
export interface Recorded {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
  readonly cause?: unknown;
}

/** @param take is given every line, at every level, as it is meant to be written */
export function recordingLogger(take: (line: Recorded) => void, always: LogFields = {}): Logger {
  const at = (level: Recorded['level']) => (message: string, fields?: LogFields) =>
    take({ level, message, fields: { ...always, ...fields } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: (message, cause, fields) =>
      take({ level: 'error', message, cause, fields: { ...always, ...fields } }),
    with: (fields) => recordingLogger(take, { ...always, ...fields }),
  };
}

/** The same as text, a line each: for tests that look for what must, or must not, stand in any part of it. */
export const writingLogger = (lines: string[]): Logger =>
  recordingLogger(({ message, fields, cause }) => {
    const why = cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause ?? '');
    lines.push(`${message} ${JSON.stringify(fields)} ${why}`.trimEnd());
  });
