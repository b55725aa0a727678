import { isIP } from 'node:net';
import { tellsToken, withoutOurCookies } from './secrets.ts';
import { options } from './response-head.ts';
import type { Visit } from './visit.ts';

/** Written by us, meant for one hop only, or a claim about the client that only we can make. */
const DROPPED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'forwarded',
  'x-real-ip',
  'x-sandboxd-peer',
]);

const SIGNS_OF_A_FRONT = new Set(['forwarded', 'via', 'x-real-ip']);

export interface RequestHeadOptions {
  /** Whether the far end is a tenant's, who is not to see our cookies and tokens. */
  readonly tenant: boolean;
  /** Whether a TLS front stands before us. */
  readonly tls: boolean;
}

/** The head to send upstream, as Latin-1 text: the same bytes the client sent, except for what this proxy owns. */
export function requestHead(visit: Visit, { tenant, tls }: RequestHeadOptions): string {
  const { req } = visit;
  const raw = req.rawHeaders;
  const nominated = nominatedBy(req.headers.connection);
  let head = `${req.method} ${visit.url} HTTP/1.1\r\nHost: ${visit.host}\r\n`;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const lower = name.toLowerCase();
    if (DROPPED.has(lower) || lower.startsWith('x-forwarded-') || nominated?.includes(lower)) continue;
    const value = tenant ? forTenant(lower, raw[i + 1] ?? '') : raw[i + 1];
    if (value !== undefined) head += `${name}: ${value}\r\n`;
  }
  return `${head}${framing(visit)}${provenance(visit, tls)}${tenant ? '' : peer(visit, tls)}\r\n`;
}

function nominatedBy(connection: string | undefined): string[] | undefined {
  return connection === undefined || connection === 'keep-alive' ? undefined : options(connection);
}

function forTenant(lower: string, value: string): string | undefined {
  if (lower === 'cookie') return withoutOurCookies(value);
  return lower === 'referer' && tellsToken(value) ? undefined : value;
}

function framing(visit: Visit): string {
  if (visit.isUpgrade) return 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  if (visit.isChunked) return 'Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n';
  const length = visit.req.headers['content-length'];
  return length === undefined
    ? 'Connection: keep-alive\r\n'
    : `Content-Length: ${length}\r\nConnection: keep-alive\r\n`;
}

function provenance(visit: Visit, tls: boolean): string {
  const proto = tls ? 'https' : 'http';
  return `X-Forwarded-For: ${clientAddress(visit, tls)}\r\nX-Forwarded-Host: ${visit.host}\r\nX-Forwarded-Proto: ${proto}\r\n`;
}

/** For the control plane: where a request came from, and whether somebody in front of us forwarded it. */
function peer(visit: Visit, tls: boolean): string {
  const forwarded = Object.keys(visit.req.headers).some(
    (name) => name.startsWith('x-forwarded-') || SIGNS_OF_A_FRONT.has(name),
  );
  return `X-Sandboxd-Peer: ${clientAddress(visit, tls)}${forwarded ? ';forwarded' : ''}\r\n`;
}

/** The peer, or whom a front on a loopback or private address saw: the last entry is the one it added itself. */
function clientAddress({ req }: Visit, tls: boolean): string {
  const peer = (req.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  if (!tls || !isPrivate(peer)) return peer;
  const named = String(req.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return named !== undefined && isIP(named) !== 0 ? named : peer;
}

const isPrivate = (address: string) =>
  /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd])/i.test(address);
