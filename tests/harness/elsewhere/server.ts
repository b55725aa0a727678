import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { PROXY_PORT, READY, type Site, type Visit } from './site.ts';

// Runs on the far host: a site over HTTP and HTTPS, and a forward proxy which alone knows names like `web.test`: all of
// them are this host. Takes the site as the first line of its input, ends with that, and says every visit as a line.

const input = createInterface(process.stdin);
const [line] = (await once(input, 'line')) as [string];
const { tls, pages } = JSON.parse(line) as Site;
input.once('close', () => process.exit());

const say = (visit: Visit) => process.stdout.write(`${JSON.stringify(visit)}\n`);
const addressOf = (host: string) => (host.endsWith('.test') ? '127.0.0.1' : host);

const serve = (service: 'http' | 'https') => (incoming: IncomingMessage, outgoing: ServerResponse) => {
  const origin = `${service}://${incoming.headers.host}`;
  const { href, pathname } = new URL(incoming.url ?? '/', origin);
  say({ service, target: href });
  const page = Buffer.from(pages[pathname] ?? '', 'base64');
  const body = page.includes('{origin}') ? page.toString().replaceAll('{origin}', origin) : page;
  const isJson = page.at(0) === '{'.charCodeAt(0);
  outgoing.writeHead(pathname in pages ? 200 : 404, {
    'content-type': isJson ? 'application/json' : 'text/html',
  });
  outgoing.end(body);
};

/** Plain requests come to a proxy with the whole URL. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const target = new URL(incoming.url ?? '');
  say({ service: 'proxy', target: target.href });
  const { method, headers } = incoming;
  const path = target.pathname + target.search;
  const to = {
    host: addressOf(target.hostname),
    port: target.port || 80,
    method,
    path,
    headers,
    agent: false,
  };
  const upstream = request(to, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}

/** Encrypted ones ask for a tunnel. */
function tunnel(incoming: IncomingMessage, client: Duplex, head: Buffer): void {
  const target = incoming.url ?? '';
  say({ service: 'proxy', target });
  const [host = '', port] = target.split(':');
  const server = connect({ host: addressOf(host), port: Number(port) }, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    server.write(head);
    server.pipe(client).pipe(server);
  });
  server.on('error', () => client.destroy());
  client.on('error', () => server.destroy());
}

const listening = (server: Server, port: number) => once(server.listen(port), 'listening');
const proxy = createServer(forward).on('connect', tunnel);
await Promise.all([
  listening(createServer(serve('http')), 80),
  listening(createSecureServer(tls, serve('https')) as unknown as Server, 443),
  listening(proxy, PROXY_PORT),
]);
process.stdout.write(`${READY}\n`);
