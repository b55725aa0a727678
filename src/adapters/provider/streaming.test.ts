import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EVENTS_TYPE,
  type FakeProvider,
  type World,
  events,
  fakeProvider,
  makeWorld,
} from './testing/world.ts';

const CHAT = '/v1/chat/completions';
const MEGABYTE = 1024 * 1024;
const USAGE = { usage: { prompt_tokens: 7, completion_tokens: 3 } };

describe('an answer that streams', () => {
  let scope = new AsyncDisposableStack();
  afterEach(async () => {
    await scope.disposeAsync();
    scope = new AsyncDisposableStack();
  });

  const opened = async (answer: (outgoing: ServerResponse) => void): Promise<[World, FakeProvider]> => {
    const provider = scope.use(await fakeProvider((_, outgoing) => answer(outgoing)));
    return [scope.use(await makeWorld(provider.baseUrl)), provider];
  };

  it('passes event by event, its head before the first', async () => {
    const outgoings: ServerResponse[] = [];
    const [world] = await opened((outgoing) => {
      outgoing.writeHead(200, EVENTS_TYPE).flushHeaders();
      outgoings.push(outgoing);
    });
    const incoming = await world.send(CHAT);
    expect(incoming.headers).toMatchObject(EVENTS_TYPE);
    let received = '';
    incoming.on('data', (piece: Buffer) => (received += piece.toString()));
    let sent = '';
    for (const piece of ['data: 1\n\n', 'data: 2\n\n', 'data', ': 3\n\n']) {
      outgoings[0]?.write(piece);
      sent += piece;
      await expect.poll(() => received).toBe(sent);
    }
    outgoings[0]?.end();
    await once(incoming, 'end');
  });

  it('of ten megabytes passes whole, and is counted', async () => {
    const event = events({ choices: [{ delta: { content: 'x'.repeat(1000) } }] });
    const count = Math.ceil((10 * MEGABYTE) / event.length);
    const [world] = await opened((outgoing) => {
      outgoing.writeHead(200, EVENTS_TYPE).end(event.repeat(count) + events(USAGE));
    });
    const { body } = await world.ask(CHAT);
    expect(body).toHaveLength(event.length * count + events(USAGE).length);
    expect(world.opening.usage).toMatchObject({ input: 7, output: 3 });
  });

  it('is not held for an agent that does not read: the provider is made to wait', async () => {
    const chunk = Buffer.from(`: ${'x'.repeat(65_533)}\n`);
    const total = 64 * MEGABYTE;
    let sent = 0;
    const [world] = await opened((outgoing) => {
      const more = () => {
        while (sent < total) {
          sent += chunk.length;
          if (!outgoing.write(chunk)) return;
        }
        outgoing.end();
      };
      outgoing.writeHead(200, EVENTS_TYPE).on('drain', more);
      more();
    });
    const incoming = await world.send(CHAT);
    incoming.pause();
    // It comes to a halt: what is on its way are the buffers of sockets and streams.
    let before = -1;
    await expect
      .poll(
        () => {
          const halted = sent > 0 && sent === before;
          before = sent;
          return halted;
        },
        { interval: 150 },
      )
      .toBe(true);
    expect(sent).toBeLessThan(16 * MEGABYTE);
    let received = 0;
    incoming.on('data', (piece: Buffer) => (received += piece.length));
    await once(incoming.resume(), 'end');
    expect(received).toBe(sent);
  });
});
