import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { issueLoginLink } from '../../src/domain/auth.ts';
import { parsePreviewHost, previewSuffix } from '../../src/domain/preview.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';

/** The console on a real socket over a store and a node in memory, with a page where each preview would be. */
export interface ConsoleServer extends AsyncDisposable {
  readonly world: ApiWorld;
  readonly origin: string;
  /** A fresh login link. */
  loginLink(): Promise<string>;
  /** Cuts every connection that is open, as a proxy on the way does. */
  dropConnections(): void;
  /** How often the page of a preview was asked for, by sandbox id. */
  readonly visits: ReadonlyMap<string, number>;
}

export const PREVIEW_TEXT = 'Hello from the sandbox';

export async function startConsole(): Promise<ConsoleServer> {
  const visits = new Map<string, number>();
  const server = createServer((request, response) => {
    const target = parsePreviewHost(request.headers.host ?? '', previewSuffix('localhost'));
    if (target === undefined) {
      void listener(request, response);
      return;
    }
    if (target !== null && request.url === '/') {
      visits.set(target.sandboxId, (visits.get(target.sandboxId) ?? 0) + 1);
    }
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><link rel="icon" href="data:,"><h1>${PREVIEW_TEXT}</h1>`);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const world = apiWorld({ addressing: { domain: 'localhost', publicPort: port, tls: false } });
  const listener = getRequestListener(world.app.fetch);
  const origin = `http://console.localhost:${port}`;
  return {
    world,
    origin,
    visits,
    dropConnections: () => server.closeAllConnections(),
    loginLink: async () => `${origin}/login/${await issueLoginLink(world.ports)}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
