import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BLOCK_BYTES, paddingOf } from '../archive/tar-header.ts';
import { fromEnvelope, invalid } from '../domain/errors.ts';
import {
  type BackupHeader,
  Checksums,
  idsAmong,
  isMemberName,
  MEMBERS,
  parseHeader,
  parseJson,
  parseMember,
} from './format.ts';
import { decodeEntry, END, printable, type TarEntry } from './tar.ts';

const CHUNK = 2 ** 20;
/** Of a member that is read into memory. */
const LARGEST_DOCUMENT = 64 * 2 ** 20;

interface Placed extends TarEntry {
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly sha256: string;
}

/**
 * A backup whose every byte was read and found to be what its checksums say. It is held open: what is read of it later is
 * the same file, whatever becomes of its name.
 */
export class BackupFile implements AsyncDisposable {
  readonly header: BackupHeader;
  readonly leftOut: Checksums['leftOut'];
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  readonly #members: ReadonlyMap<string, Placed>;

  private constructor(file: FileHandle, found: Found) {
    this.#file = file;
    this.#members = found.members;
    this.header = found.header;
    this.leftOut = found.leftOut;
    this.sizeBytes = found.sizeBytes;
  }

  /**
   * @param onProgress called with the fraction that was read
   * @throws invalid_request when it is no backup, is damaged or cut off, or is of a newer program
   */
  static async open(path: string, onProgress: (fraction: number) => void = () => {}): Promise<BackupFile> {
    await using opening = new AsyncDisposableStack();
    const file = opening.use(await openPlain(path));
    const found = await new Verifier(file, onProgress).verify();
    opening.move();
    return new BackupFile(file, found);
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  get workspaceIds(): string[] {
    return idsAmong(this.#members.keys(), 'workspaces');
  }

  get snapshotIds(): string[] {
    return idsAmong(this.#members.keys(), 'snapshots');
  }

  /** The content of one that is a document. */
  async read(name: string): Promise<Buffer> {
    const { size } = this.member(name);
    if (size > LARGEST_DOCUMENT) throw invalid(`The backup cannot be used: its ${name} is too large.`);
    return buffer(this.stream(name));
  }

  /** The bytes of one, in order. May be asked for again, and left early. */
  stream(name: string): Readable {
    return Readable.from(this.#chunks(this.member(name)), { objectMode: false, highWaterMark: CHUNK });
  }

  /** A stream of the file's own would close it when it is left early. */
  async *#chunks({ offset, size }: Placed): AsyncGenerator<Buffer> {
    for (let done = 0; done < size; done += CHUNK) {
      const chunk = Buffer.alloc(Math.min(CHUNK, size - done));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.byteLength, offset + done);
      if (bytesRead < chunk.byteLength) throw cutOff();
      yield chunk;
    }
  }

  /** @throws invalid_request when there is none by that name */
  member(name: string): Placed {
    const found = this.#members.get(name);
    if (found === undefined) throw invalid(`The backup cannot be used: it has no ${name}.`);
    return found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

async function openPlain(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    throw invalid(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
  throw invalid(
    `${path} is no file. A backup is read more than once: store what comes through a pipe first.`,
  );
}

interface Found extends Pick<Checksums, 'leftOut'> {
  readonly members: ReadonlyMap<string, Placed>;
  readonly header: BackupHeader;
  readonly sizeBytes: number;
}

/** Reads a backup from beginning to end. */
class Verifier {
  readonly #file: FileHandle;
  readonly #onProgress: (fraction: number) => void;
  readonly #members = new Map<string, Placed>();
  readonly #chunk = Buffer.alloc(CHUNK);
  #size = 0;

  constructor(file: FileHandle, onProgress: (fraction: number) => void) {
    this.#file = file;
    this.#onProgress = onProgress;
  }

  async verify(): Promise<Found> {
    this.#size = (await this.#file.stat()).size;
    let header: BackupHeader | undefined;
    let position = 0;
    for (;;) {
      const entry = decodeEntry(await this.#bytes(position, BLOCK_BYTES));
      if (entry === undefined) break;
      await this.#take(entry, position + BLOCK_BYTES);
      header ??= await this.#header(entry);
      position += BLOCK_BYTES + entry.size;
      await this.#expectZeros(position, paddingOf(entry.size));
      position += paddingOf(entry.size);
    }
    if (header === undefined) throw invalid('This is no backup of sandboxd: it is empty.');
    await this.#expectEnd(position);
    const leftOut = await this.#compare();
    return { header, members: this.#members, leftOut, sizeBytes: this.#size };
  }

  /** What it is comes first, so that a newer one is told before anything else of it is judged. */
  async #header({ name }: TarEntry): Promise<BackupHeader> {
    if (name !== MEMBERS.header) throw invalid('This is no backup of sandboxd: it does not begin as one.');
    return parseHeader(await this.#document(name));
  }

  async #take({ name, size }: TarEntry, offset: number): Promise<void> {
    if (!isMemberName(name)) {
      throw invalid(`The backup cannot be used: nothing is called "${printable(name)}" in one.`);
    }
    if (this.#members.has(name)) throw invalid(`The backup cannot be used: it has two ${name}.`);
    if (this.#members.has(MEMBERS.checksums)) {
      throw invalid('The backup cannot be used: something follows its checksums.');
    }
    const sha256 = await this.#hash(offset, size);
    this.#members.set(name, { name, size, offset, sha256 });
    if (name === MEMBERS.failure) await this.#fail(name);
  }

  async #fail(name: string): Promise<never> {
    const reason = fromEnvelope(parseJson(name, await this.#document(name)), 'internal');
    throw invalid(`The backup could not be finished when it was made: ${reason.message}`, { cause: reason });
  }

  async #hash(offset: number, size: number): Promise<string> {
    if (offset + size > this.#size) throw cutOff();
    const hash = createHash('sha256');
    for (let done = 0; done < size; done += CHUNK) {
      hash.update(await this.#bytes(offset + done, Math.min(CHUNK, size - done)));
      this.#onProgress((offset + done) / this.#size);
    }
    return hash.digest('hex');
  }

  async #document(name: string): Promise<Buffer> {
    const { offset, size } = this.#members.get(name) ?? { offset: 0, size: 0 };
    if (size > LARGEST_DOCUMENT) throw invalid(`The backup cannot be used: its ${name} is too large.`);
    const content = Buffer.alloc(size);
    await this.#file.read(content, 0, size, offset);
    return content;
  }

  /** Until the next call. */
  async #bytes(position: number, length: number): Promise<Buffer> {
    const { bytesRead } = await this.#file.read(this.#chunk, 0, length, position);
    if (bytesRead < length) throw cutOff();
    return this.#chunk.subarray(0, length);
  }

  async #expectEnd(position: number): Promise<void> {
    if (position + END.byteLength > this.#size) throw cutOff();
    await this.#expectZeros(position, this.#size - position);
  }

  /** What no checksum covers must be nothing. */
  async #expectZeros(position: number, length: number): Promise<void> {
    for (let done = 0; done < length; done += CHUNK) {
      const bytes = await this.#bytes(position + done, Math.min(CHUNK, length - done));
      if (bytes.some((byte) => byte !== 0)) {
        throw invalid('The backup cannot be used: there is something between its members, or after its end.');
      }
    }
  }

  async #compare(): Promise<Checksums['leftOut']> {
    if (!this.#members.has(MEMBERS.checksums)) throw cutOff();
    const document = await this.#document(MEMBERS.checksums);
    const { members, leftOut } = parseMember(MEMBERS.checksums, Checksums, document);
    const expected = new Map(Object.entries(members));
    for (const { name, size, sha256 } of this.#members.values()) {
      if (name === MEMBERS.checksums) continue;
      const said = expected.get(name);
      if (said?.size !== size || said.sha256 !== sha256) throw altered(name);
      expected.delete(name);
    }
    for (const name of expected.keys()) throw altered(printable(name));
    return leftOut;
  }
}

const cutOff = () =>
  invalid('The backup is cut off: its end is missing. Copy it again from where it was made.');

const altered = (name: string) =>
  invalid(
    `The backup is damaged: its ${name} is not what was written. Copy it again from where it was made.`,
  );
