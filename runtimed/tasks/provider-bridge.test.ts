import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../testing/temporary.ts';
import { ProviderBridge } from './provider-bridge.ts';

/** A node that says what it heard. */
async function listenAt(path: string): Promise<Server & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    text(socket).then(
      (heard) => socket.end(`heard ${heard}`),
      () => socket.destroy(),
    );
  });
  server.listen(path);
  await once(server, 'listening');
  return server;
}

const ask = (url: string, said: string) => {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true });
  socket.end(said);
  return { socket, answer: text(socket) };
};

describe('the bridge to a provider', () => {
  it('carries both directions, each to its own end', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'provider.sock');
    await using _node = await listenAt(path);
    await using bridge = await ProviderBridge.open(path);
    expect(await ask(bridge.url, 'hello').answer).toBe('heard hello');
  });

  it('waits for a node that restarts', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'provider.sock');
    await using bridge = await ProviderBridge.open(path);
    const { answer } = ask(bridge.url, 'early');
    await using _node = await listenAt(path);
    expect(await answer).toBe('heard early');
  });

  it('lets go of who waits when it is closed, and can be reached no more', async () => {
    await using directory = await temporaryDirectory();
    const bridge = await ProviderBridge.open(join(directory.path, 'provider.sock'));
    const { socket, answer } = ask(bridge.url, 'in vain');
    const ended = answer.catch((error: NodeJS.ErrnoException) => error.code);
    await once(socket, 'connect');
    await bridge[Symbol.asyncDispose]();
    expect(['', 'ECONNRESET']).toContain(await ended);
    const again = ask(bridge.url, 'again');
    await expect(again.answer).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('ends a connection with the node that breaks off', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'provider.sock');
    await using _node = createServer((socket) => socket.destroy()).listen(path);
    await using bridge = await ProviderBridge.open(path);
    const outcome = await ask(bridge.url, 'hello').answer.catch((error: NodeJS.ErrnoException) => error.code);
    expect(['', 'ECONNRESET', 'EPIPE']).toContain(outcome);
  });
});
