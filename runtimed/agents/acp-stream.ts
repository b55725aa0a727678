import { ReadableStream } from 'node:stream/web';
import { setImmediate } from 'node:timers/promises';
import type { AnyMessage, Stream } from '@agentclientprotocol/sdk';
import type { AgentPipes } from './driver.ts';
import { parseLine } from './fields.ts';

/** In one message: looking at each of them takes the library its time. An honest message has some dozens. */
const MAX_VALUES = 10_000;

/**
 * A program's lines as the messages of ACP, both ways. What is no JSON-RPC at all is left out, instead of answered.
 * @param parting what every open question fails with when the program closes its output
 */
export const acpStream = ({ lines, stdin }: AgentPipes, parting: string): Stream => ({
  // Node's class is the global one, to everybody but the compiler.
  readable: ReadableStream.from(messagesOf(lines, parting)) as unknown as Stream['readable'],
  writable: new WritableStream({
    write(message) {
      if (stdin.writable) stdin.write(`${JSON.stringify(message)}\n`);
    },
  }),
});

async function* messagesOf(lines: AsyncIterable<string>, parting: string): AsyncGenerator<AnyMessage> {
  for await (const line of lines) {
    const message = parseLine(line, atMost(MAX_VALUES));
    if (message['jsonrpc'] !== '2.0') continue;
    // A pause between any two lets everything else go on beside an agent that talks without end. It also keeps their
    // order: the library hears an answer at once, and what was told before it some promises later.
    await setImmediate();
    // What it takes it looks at itself.
    yield message as unknown as AnyMessage;
  }
  throw new Error(parting);
}

/** Lets so many values pass. */
function atMost(limit: number): (key: string, value: unknown) => unknown {
  let seen = 0;
  return (_key, value) => {
    seen += 1;
    if (seen > limit) throw new RangeError('There are too many values in a message.');
    return value;
  };
}
