import { Buffer } from 'node:buffer';
import { type AddressInfo, createServer } from 'node:net';

/** The cheapest server there is: the same small response for whatever arrives, one per head. */
const BODY = 'x'.repeat(300);
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 23 Nov 2026 14:00:00 GMT\r\nCache-Control: no-cache\r\nETag: "abc"\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => socket.write(RESPONSE)).on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', 4096, () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', () => process.exit());
