/** What may stand beside a message: identifiers, counts, reasons. Never a secret or a value of a user's. */
export type LogFields = Record<string, string | number | boolean | undefined>;

/** Structured logging. Logging never throws. */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `cause` is logged in full, for operators only. */
  error(message: string, cause: unknown, fields?: LogFields): void;
}
