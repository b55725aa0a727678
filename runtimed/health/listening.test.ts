import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { isListened } from './listening.ts';

it('sees a port open and close, at the address that is asked for', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await isListened('127.0.0.1', port)).toBe(true);
  expect(await isListened('127.0.0.2', port)).toBe(false);
  server.close();
  await once(server, 'close');
  expect(await isListened('127.0.0.1', port)).toBe(false);
});

it('leaves it to a request where it cannot tell', async () => {
  // No connection is ever made to everybody at once.
  expect(await isListened('255.255.255.255', 80)).toBe(true);
});
