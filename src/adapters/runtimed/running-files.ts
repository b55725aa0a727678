import type { SandboxFiles, FileQuery } from '../../domain/files.ts';
import { fileErrors } from '../../domain/files.ts';
import { type FileListing, MAX_READ_BYTES, MAX_WRITE_BYTES } from '../../domain/runtimed.ts';
import { parseEntries } from './answers.ts';
import type { CallOptions, ControlChannel } from './channel.ts';

const DEADLINE_MS = 60_000;
const MAX_LISTING_BYTES = 16 * 1024 * 1024;
const FILES = '/v1/files';

/** File operations of a sandbox that runs, done by its runtimed as the sandbox's user. */
export class RunningFiles implements SandboxFiles {
  readonly #channel: ControlChannel;

  constructor(channel: ControlChannel) {
    this.#channel = channel;
  }

  async list({ path, root, recursive }: FileQuery & { recursive: boolean }): Promise<FileListing> {
    const query = { path, root, recursive: String(recursive) };
    const answer = await this.#call(FILES, MAX_LISTING_BYTES, { query });
    return { path, recursive, entries: parseEntries(answer.toString()) };
  }

  read({ path, root }: FileQuery): Promise<Uint8Array> {
    return this.#call(`${FILES}/content`, MAX_READ_BYTES, { query: { path, root } });
  }

  async write({ path, root, append }: FileQuery & { append: boolean }, body: Uint8Array): Promise<void> {
    if (body.byteLength > MAX_WRITE_BYTES) throw fileErrors.writeTooLarge();
    await this.#call(FILES, 0, { method: 'PUT', query: { path, root, append: String(append) }, body });
  }

  async delete({ path, root }: FileQuery): Promise<void> {
    await this.#call(FILES, 0, { method: 'DELETE', query: { path, root } });
  }

  #call(path: string, maxBytes: number, options: Omit<CallOptions, 'signal'>): Promise<Buffer> {
    return this.#channel.call(path, maxBytes, { ...options, signal: AbortSignal.timeout(DEADLINE_MS) });
  }
}
