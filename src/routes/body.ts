import { bodyLimit } from 'hono/body-limit';
import type * as v from 'valibot';
import { invalid, SandboxdError } from '../domain/errors.ts';
import { parseInput } from '../domain/input.ts';
import { MAX_PROMPT_LENGTH } from '../domain/task.ts';
import type { AppContext } from './context.ts';

const MIB = 1024 * 1024;
const JSON_LIMIT = MIB;
/** The longest prompt, should a client escape every character of it. No other body that creates something is longer. */
export const PROMPT_LIMIT = 6 * MAX_PROMPT_LENGTH + 64 * 1024;

/** Refuses a body over `maxBytes` before it is read to the end. */
export const limitBody = (maxBytes: number) =>
  bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw tooLarge(maxBytes);
    },
  });

const tooLarge = (maxBytes: number) =>
  new SandboxdError('payload_too_large', `The body is larger than ${Math.floor(maxBytes / MIB)} MiB.`);

/** Reads a body that nothing has read yet. @throws payload_too_large as soon as it is */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(new Uint8Array(chunk));
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

export const limitJson = limitBody(JSON_LIMIT);

/**
 * Reads the JSON body; an empty one counts as `{}`.
 * @param remedy what to say to who sent something else
 * @throws invalid_request
 */
export async function readJson(c: AppContext, remedy = ''): Promise<unknown> {
  const text = await c.req.text();
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`The body is not valid JSON.${remedy}`, { cause });
  }
}

/** Reads and checks the body of a create. @throws invalid_request, also when it tries to choose an image */
export async function readInput<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const body = await readJson(c);
  if (typeof body === 'object' && body !== null && 'image' in body) {
    throw invalid('image: cannot be chosen per request; the operator sets one image for the instance.');
  }
  return parseInput(schema, body);
}
