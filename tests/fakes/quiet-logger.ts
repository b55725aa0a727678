import type { Logger } from '../../src/domain/log.ts';

/** For tests that are about something else. */
export const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => quietLogger,
};
