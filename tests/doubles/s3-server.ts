import { once } from 'node:events';
import { mkdtempDisposable, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';

/** What becomes of a request: `lost` is carried out, and its answer never arrives; `cut` never gets there. */
export type Fate = 'served' | 'refused' | 'cut' | 'lost';

/** The only credentials that s3rver knows. */
export const S3_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;
const BUCKET = 'test-bucket';

/**
 * An S3-compatible store on this machine: s3rver, which checks signatures, with what it lacks and a test needs, which is to give up
 * uploads, and to fail at a moment of the test's choice.
 */
export class S3Server implements AsyncDisposable {
  readonly bucket = BUCKET;
  readonly endpoint: string;
  /** Every request that arrived, like `PUT /bucket/key?query`. */
  readonly requests: string[] = [];
  /** Asked for each request, which is the last of {@link requests} then. */
  fate: () => Fate = () => 'served';
  readonly #backend: S3rver;
  readonly #scope: AsyncDisposableStack;
  #held = 0;

  private constructor(endpoint: string, backend: S3rver, scope: AsyncDisposableStack) {
    this.endpoint = endpoint;
    this.#backend = backend;
    this.#scope = scope;
  }

  static async start(): Promise<S3Server> {
    await using starting = new AsyncDisposableStack();
    const directory = await mkdtempDisposable(join(tmpdir(), 's3-double-'));
    starting.defer(() => directory.remove());
    const backend = new S3rver({
      silent: true,
      directory: directory.path,
      vhostBuckets: false,
      configureBuckets: [{ name: BUCKET }],
    });
    starting.defer(() => backend.logger.close());
    // Of requests that were broken off: without a listener they are printed.
    backend.on('error', () => undefined);
    await backend.configureBuckets();
    const serve = backend.callback();
    const server = createServer((incoming, outgoing) => void double.#answer(incoming, outgoing, serve));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    starting.defer(async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
    const { port } = server.address() as AddressInfo;
    const double = new S3Server(`http://127.0.0.1:${port}`, backend, starting.move());
    return double;
  }

  /** Answers that somebody still waits for. */
  get held(): number {
    return this.#held;
  }

  /** Ids of uploads that were neither completed nor given up. */
  async uploads(): Promise<string[]> {
    return readdir(this.#uploads).catch(() => []);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.disposeAsync();
  }

  get #uploads(): string {
    return this.#backend.store.getResourcePath(BUCKET, undefined, 'uploads');
  }

  async #answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    serve: ReturnType<S3rver['callback']>,
  ): Promise<void> {
    this.#held += 1;
    outgoing.on('close', () => (this.#held -= 1));
    this.requests.push(`${incoming.method} ${incoming.url}`);
    const fate = this.fate();
    if (fate === 'cut') return void incoming.socket.destroy();
    if (fate === 'refused') return refuse(incoming, outgoing);
    if (fate === 'lost') lose(incoming, outgoing);
    const uploadId = new URL(incoming.url ?? '', this.endpoint).searchParams.get('uploadId');
    if (incoming.method === 'DELETE' && uploadId !== null) return this.#abort(uploadId, outgoing);
    serve(incoming, outgoing);
  }

  async #abort(uploadId: string, outgoing: ServerResponse): Promise<void> {
    const isThere = (await this.uploads()).includes(uploadId);
    await rm(join(this.#uploads, uploadId), { recursive: true, force: true });
    if (isThere) outgoing.writeHead(204).end();
    else outgoing.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
  }
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  incoming.on('end', () => outgoing.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'));
}

/** What would be said is taken for the moment to hang up. */
function lose(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.end = () => {
    incoming.socket.destroy();
    return outgoing;
  };
}
