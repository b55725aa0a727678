import type { IncomingMessage } from 'node:http';

/**
 * What the HTTP parser lets through and this proxy does not, because two readers could understand it differently.
 * @returns what is wrong, for the client
 */
export function ambiguity(req: IncomingMessage): string | undefined {
  const { headers, rawHeaders, url = '', method } = req;
  if (headers.host === undefined) return 'A Host header is required.';
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) return 'More than one Host header.';
  if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    return 'The request target must be a path.';
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || req.httpVersionMinor === 0)) {
    return 'The only Transfer-Encoding understood is "chunked", in HTTP/1.1.';
  }
  return undefined;
}

/** Whether a request is one for a WebSocket; any other upgrade is ignored, as HTTP allows. */
export function asksForWebSocket({ method, headers, httpVersionMinor }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    httpVersionMinor === 1 &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}
