import { Buffer } from 'node:buffer';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { benchRoutes } from './routes.ts';

/**
 * The cheapest server there is: the same small response for whatever arrives. It listens on the addresses of all
 * routes, on one port, and prints that. Argument: the number of routes.
 */
const BODY = 'x'.repeat(300);
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 23 Nov 2026 14:00:00 GMT\r\nCache-Control: no-cache\r\nETag: "abc"\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);

const answer = (socket: Socket) => {
  socket.on('data', () => socket.write(RESPONSE)).on('error', () => socket.destroy());
};

async function listen(host: string, port: number): Promise<number> {
  const server = createServer({ noDelay: true }, answer);
  await new Promise<void>((resolve) => server.listen({ host, port, backlog: 4096 }, resolve));
  return (server.address() as AddressInfo).port;
}

const port = await listen('127.0.0.1', 0);
for (const { address } of benchRoutes(Number(process.argv[2]))) await listen(address, port);
console.log(port);
process.on('SIGTERM', () => process.exit());
