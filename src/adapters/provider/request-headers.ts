import type { IncomingHttpHeaders } from 'node:http';
import type { Upstream } from '../../domain/provider.ts';

const DROPPED = new Set([
  // Credentials: whatever the sandbox has is not what the provider is asked with.
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'proxy-authorization',
  'cookie',
  'cookie2',
  // Which account pays is for the key to say.
  'openai-organization',
  'openai-project',
  // Of this connection alone.
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'accept-encoding',
  'http2-settings',
  // Where it comes from, and where a gateway should believe that it goes to.
  'forwarded',
  'via',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method-override',
  'x-method-override',
]);

/** What goes up: what the agent says of itself and of the API's version, and the key. The length is for the body to say. */
export function requestHeaders(given: IncomingHttpHeaders, upstream: Upstream): Record<string, string> {
  const nominated = new Set(
    given.connection
      ?.toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const kept = Object.entries(given).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && !isDropped(entry[0]) && !nominated.has(entry[0]),
  );
  // Usage is read, and the key masked, in what can be read.
  return { ...Object.fromEntries(kept), 'accept-encoding': 'identity', ...keyHeader(upstream) };
}

const isDropped = (name: string): boolean => DROPPED.has(name) || name.startsWith('x-forwarded-');

function keyHeader({ keyHeader, key }: Upstream): Record<string, string> {
  if (key === undefined) return {};
  return { [keyHeader]: keyHeader === 'authorization' ? `Bearer ${key}` : key };
}
