import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { hasListener, isListened } from './listening.ts';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

it.each([
  ['a listener on every address', '   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000', true],
  [
    'one of IPv6',
    '   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0',
    true,
  ],
  [
    'a connection from that port',
    '   0: 0100007F:0BB8 0100007F:A1B2 01 00000000:00000000 00:00000000',
    false,
  ],
  ['a connection to that port', '   0: 0100007F:A1B2 0100007F:0BB8 01 00000000:00000000 00:00000000', false],
  ['a listener on another port', '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000', false],
  ['nothing', '', false],
])('in the table of sockets, %s: %s %s', (_, line, expected) => {
  expect(hasListener(`${HEADER}\n${line}\n`, 3000)).toBe(expected);
});

it('sees a port open and close', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await isListened(port)).toBe(true);
  server.close();
  await once(server, 'close');
  expect(await isListened(port)).toBe(false);
});
