import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createServer } from 'node:http';

/** How long requests under way may take to finish when a server is disposed of. */
const DRAIN_MS = 2000;

/**
 * Serves an app on a Unix socket that only this user can reach. A socket that an earlier process left is replaced:
 * call this with the data directory claimed.
 */
export async function listenOnSocket(
  path: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<AsyncDisposable> {
  await rm(path, { force: true });
  const handle = getRequestListener(fetch);
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    void handle(request, response);
  });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return { [Symbol.asyncDispose]: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const hurry = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(hurry);
}
