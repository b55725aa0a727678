import { stripVTControlCharacters } from 'node:util';
import type { WebDefinition } from '../../src/domain/manifest.ts';
import type { PreviewState } from '../../src/domain/runtimed.ts';
import { tailLog } from '../logs/log-reader.ts';
import { tailOf } from './bounded.ts';

const LOG_LINES = 20;
const LOG_BYTES = 16 * 1024;
/** Characters. */
const MAX_MESSAGE = 2000;

/**
 * Why an app does not serve, for people; undefined when it does, or has nothing to serve.
 * @param logPath of the web process
 */
export async function previewError(
  preview: PreviewState,
  web: WebDefinition | undefined,
  logPath: string,
): Promise<string | undefined> {
  if (web === undefined || preview.status === 'ready' || preview.status === 'none') return undefined;
  if (preview.build_error_message !== undefined) return tailOf(preview.build_error_message, MAX_MESSAGE);
  const what = describe(preview, web);
  // A log that has been replaced by something unreadable has nothing to say.
  const lines = (await tailLog(logPath, LOG_LINES, LOG_BYTES).catch(() => undefined)) ?? [];
  const said = stripVTControlCharacters(lines.join('\n')).trim();
  return said === '' ? what : `${what} Its log ends with:\n${tailOf(said, MAX_MESSAGE)}`;
}

function describe({ last_http_status: status }: PreviewState, web: WebDefinition): string {
  if (status === undefined) return `Nothing answers on port ${web.port}.`;
  if (status !== 200) return `The app answers ${web.health_path} with ${status}.`;
  return `The app answers ${web.health_path}, but the module its page starts with does not load.`;
}
