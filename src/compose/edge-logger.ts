import type { LogFields, Logger } from '../domain/log.ts';

/** One JSON object a line on the Worker's console, which the platform collects. */
export const edgeLogger: Logger = {
  info: (message, fields) => console.log(line('info', message, fields)),
  warn: (message, fields) => console.warn(line('warn', message, fields)),
  error: (message, cause, fields) =>
    console.error(line('error', message, { ...fields, cause: describe(cause) })),
};

const line = (level: string, message: string, fields?: LogFields): string =>
  JSON.stringify({ at: new Date().toISOString(), level, message, ...fields });

/** The failure with everything that led to it. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.stack ?? thrown.message;
  return thrown.cause === undefined ? own : `${own}\ncaused by ${describe(thrown.cause)}`;
}
