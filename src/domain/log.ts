/** From the most talkative to the quietest. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What may stand beside a message: identifiers, counts, reasons. Never a secret or a value of a user's. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/**
 * Structured logging. Logging never throws. Whatever is written passes one place that takes out known secrets and what
 * looks like one, so that a mistake elsewhere does not tell.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `cause` is logged in full, for operators only. */
  error(message: string, cause: unknown, fields?: LogFields): void;
  /** The same, with these fields in every line. */
  with(fields: LogFields): Logger;
}
