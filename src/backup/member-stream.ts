import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { paddingOf } from '../archive/tar-header.ts';
import type { Clock } from '../domain/ids.ts';
import { type Checksums, MEMBERS } from './format.ts';
import { END, encodeEntry } from './tar.ts';

const CHUNK = 2 ** 20;

export type Bytes = AsyncGenerator<Uint8Array, void>;

/** Members one after the other, as the bytes of a tar, remembering what each of them was. */
export class MemberStream {
  readonly #members: Record<string, { size: number; sha256: string }> = {};
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async *json(name: string, content: unknown): Bytes {
    yield* this.bytes(name, new TextEncoder().encode(JSON.stringify(content)));
  }

  async *bytes(name: string, content: Uint8Array): Bytes {
    yield* this.stream(name, content.byteLength, [content]);
  }

  /** A file that nobody writes to any more. */
  async *file(name: string, path: string): Bytes {
    const { size } = await stat(path);
    yield* this.stream(name, size, createReadStream(path, { highWaterMark: CHUNK }));
  }

  /** @throws when the content has another size than was said: the rest of the tar would be read wrongly */
  async *stream(
    name: string,
    size: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Bytes {
    yield encodeEntry({ name, size }, this.#clock());
    const hash = createHash('sha256');
    let seen = 0;
    for await (const chunk of content) {
      seen += chunk.byteLength;
      if (seen > size) break;
      hash.update(chunk);
      yield chunk;
    }
    if (seen !== size) throw new Error(`${name} has another size than the ${size} bytes it should have.`);
    yield Buffer.alloc(paddingOf(size));
    this.#members[name] = { size, sha256: hash.digest('hex') };
  }

  /** The last member, and the end. */
  async *end(leftOut: Checksums['leftOut']): Bytes {
    yield* this.json(MEMBERS.checksums, { members: this.#members, leftOut } satisfies Checksums);
    yield END;
  }
}
