import { Readable } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';

type Pieces = AsyncIterable<Buffer> | Iterable<Buffer>;

/** Something that was unwrapped from something else, or that is there as it is. */
export interface Content {
  readonly place: string;
  readonly pieces: Pieces;
}

/** The beginning tells the format; `ustar` of a tar stands this far in. */
const ENOUGH = 512;
const USTAR = { at: 257, text: 'ustar' };
const UNPACKERS = [
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: createZstdDecompress },
  { magic: Buffer.from([0x1f, 0x8b]), unpack: createGunzip },
] as const;
/** Objects of a git repository. */
const LOOSE_OBJECT = /\/objects\/[0-9a-f]{2}\/[0-9a-f]{38}$/;

/**
 * Visits a content and whatever is packed or compressed within it, to any depth.
 * @param visit is given pieces, and gives them back: what it has not read is not looked into either
 */
export async function unwrapped(
  { place, pieces }: Content,
  visit: (content: Content) => AsyncIterable<Buffer>,
): Promise<void> {
  const rest = visit({ place, pieces })[Symbol.asyncIterator]();
  const head = await take(rest, ENOUGH);
  const whole = resumed(head, rest);
  const unpack = unpackerOf(place, head);
  if (unpack !== undefined) return inside({ place: `${place} » unpacked`, pieces: unpack(whole) }, visit);
  if (isTar(head)) return members({ place, pieces: whole }, visit);
  for await (const _ of whole) continue;
}

/** What calls itself compressed and is not has been read as it is already. */
async function inside(content: Content, visit: (content: Content) => AsyncIterable<Buffer>): Promise<void> {
  try {
    await unwrapped(content, visit);
  } catch (cause) {
    throw new Error(`${content.place} cannot be read.`, { cause });
  }
}

async function members(
  { place, pieces }: Content,
  visit: (content: Content) => AsyncIterable<Buffer>,
): Promise<void> {
  const entries = Readable.from(pieces).pipe(extract());
  for await (const entry of entries)
    await unwrapped(
      { place: `${place} » ${entry.header.name}`, pieces: entry as AsyncIterable<Buffer> },
      visit,
    );
}

function unpackerOf(place: string, head: Buffer): ((pieces: AsyncIterable<Buffer>) => Pieces) | undefined {
  const known = UNPACKERS.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  const unpack = known?.unpack ?? (LOOSE_OBJECT.test(place) ? createInflate : undefined);
  return unpack && ((pieces) => Readable.from(pieces).compose(unpack()));
}

const isTar = (head: Buffer): boolean =>
  head.toString('latin1', USTAR.at, USTAR.at + USTAR.text.length) === USTAR.text;

async function take(pieces: AsyncIterator<Buffer>, bytes: number): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < bytes) {
    const next = await pieces.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* resumed(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
