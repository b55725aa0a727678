import { invalid, notFound } from '../../src/domain/errors.ts';
import { PROCESS_NAME } from '../../src/domain/manifest-schema.ts';
import { LOG_READ_BYTES, LOG_TAIL_DEFAULT, LOG_TAIL_MAX } from '../../src/domain/runtimed.ts';
import { followLog, tailLog } from '../logs/log-reader.ts';
import type { LogStore } from '../logs/log-store.ts';
import { errnoOf } from '../regular-file.ts';
import { type Call, isSet, type Route, sendJson, sendText, startStream } from './call.ts';

export interface LogSource {
  readonly logs: LogStore;
  /** Whether a process of that name is declared, even if it has not said anything yet. */
  readonly isDeclared: (name: string) => boolean;
}

/** What processes say. */
export const logRoutes = (source: LogSource): Route[] => [
  {
    method: 'GET',
    pattern: /^\/v1\/processes\/([^/]*)\/logs$/,
    handle: async (call) => {
      const name = call.parameter;
      if (!PROCESS_NAME.test(name)) throw invalid('name: must be 1 to 64 letters, digits, "_" or "-".');
      if (isSet(call, 'follow')) await follow(call, name, source);
      else sendJson(call, { process: name, lines: await tail(name, linesOf(call), source) });
    },
  },
];

async function tail(name: string, lines: number, { logs, isDeclared }: LogSource): Promise<string[]> {
  const found = await tailLog(logs.of(name).path, lines, LOG_READ_BYTES).catch(explain);
  if (found !== undefined) return found;
  if (isDeclared(name)) return [];
  throw notFound('process');
}

async function follow(call: Call, name: string, source: LogSource): Promise<void> {
  const lines = linesOf(call);
  await tail(name, 0, source);
  startStream(call, 'text/plain; charset=utf-8');
  const { path, changes } = source.logs.of(name);
  for await (const text of followLog(path, lines, changes, call.signal)) await sendText(call, text);
  call.response.end();
}

function linesOf({ query }: Call): number {
  const text = query.get('tail');
  if (text === null || text === '') return LOG_TAIL_DEFAULT;
  if (!/^\d{1,6}$/.test(text)) throw invalid(`tail: must be a number from 0 to ${LOG_TAIL_MAX}.`);
  return Math.min(Number(text), LOG_TAIL_MAX);
}

/** A log that has been replaced by something unreadable is the sandbox's own doing, and not to be found. */
function explain(error: unknown): never {
  throw errnoOf(error) === undefined ? error : notFound('log that can be read');
}
