import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { agentLeft, tooLarge } from './broken.ts';
import { ADDED_BYTES, UsageRequest } from './usage-request.ts';

export interface RequestBody {
  readonly stream: Readable;
  /** Bytes, where the agent tells it beforehand. */
  readonly length: number | undefined;
}

export interface BodyRules {
  readonly maxBytes: number;
  /** Whether the provider has to be asked for usage. */
  readonly asksForUsage: boolean;
  /** Told of every piece that goes up. */
  readonly onPiece: () => void;
}

/** What an agent sends, as it comes. The stream fails with Broken for what is too much, and when the agent goes away. */
export function requestBody(request: IncomingMessage, rules: BodyRules): RequestBody {
  const { 'content-length': length, 'content-encoding': encoding } = request.headers;
  // A body in some encoding passes as it is.
  const asking = rules.asksForUsage && encoding === undefined ? new UsageRequest() : undefined;
  const added = asking === undefined ? 0 : ADDED_BYTES;
  return {
    stream: Readable.from(pieces(request, rules, asking), { objectMode: false }),
    length: length === undefined ? undefined : Number(length) + added,
  };
}

async function* pieces(
  request: IncomingMessage,
  { maxBytes, onPiece }: BodyRules,
  asking: UsageRequest | undefined,
): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of received(request)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    onPiece();
    yield* asking?.push(chunk) ?? [chunk];
  }
  if (asking !== undefined) yield asking.end();
}

async function* received(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // Leaving early must not take the connection along: the answer is still to be told.
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    // Nothing but the agent's own connection can fail here.
    throw agentLeft();
  }
}
