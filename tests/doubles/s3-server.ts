import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import S3rver from '@20minutes/s3rver';

/** What becomes of a request: `lost` is carried out, and its answer never arrives; `cut` never gets there. */
export type Fate = 'served' | 'refused' | 'cut' | 'lost';

/** The only credentials that s3rver knows. */
export const S3_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;
const BUCKET = 'test-bucket';

/**
 * An S3-compatible store on this machine: s3rver, which checks signatures, with what it lacks and a test needs: giving up uploads,
 * knowing those that are gone, and failing at a moment of the test’s choice.
 */
export class S3Server implements AsyncDisposable {
  readonly bucket = BUCKET;
  readonly endpoint: string;
  /** Every request that arrived, like `PUT /bucket/key?query`. */
  readonly requests: string[] = [];
  /** Asked for each request, which is the last of {@link requests} then. */
  fate: () => Fate = () => 'served';
  /** Where s3rver keeps the objects. */
  readonly bucketDirectory: string;
  readonly #uploads: string;
  readonly #server: Server;
  readonly #scope: AsyncDisposableStack;
  readonly #underWay = new Set<Promise<void>>();
  #held = 0;

  private constructor(directory: string, backend: S3rver, server: Server, scope: AsyncDisposableStack) {
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.bucketDirectory = join(directory, BUCKET);
    this.#uploads = backend.store.getResourcePath(BUCKET, undefined, 'uploads');
    this.#server = server;
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
    // Of requests that were broken off: without a listener they are printed.
    backend.on('error', () => undefined);
    await backend.configureBuckets();
    const serve = backend.callback();
    const server = createServer((incoming, outgoing) => {
      const work = double.#answer(incoming, outgoing, serve).finally(() => double.#underWay.delete(work));
      double.#underWay.add(work);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    starting.defer(async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      // What was broken off may still be writing below the directory.
      await Promise.allSettled(double.#underWay);
    });
    const double = new S3Server(directory.path, backend, server, starting.move());
    return double;
  }

  /** Answers that somebody still waits for. */
  get held(): number {
    return this.#held;
  }

  /** Ids of uploads that were neither completed nor given up, and take space. */
  async uploads(): Promise<string[]> {
    if (!existsSync(this.#uploads)) return [];
    const files = await readdir(this.#uploads, { recursive: true });
    return [...new Set(files.filter((path) => /\/\d+$/.test(path)).map((path) => dirname(path)))];
  }

  /** Breaks off every connection. */
  hangUp(): void {
    this.#server.closeAllConnections();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.disposeAsync();
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
    if (fate === 'refused') return refuse(incoming, outgoing, 503, 'SlowDown');
    if (fate === 'lost') lose(incoming, outgoing);
    const uploadId = new URL(incoming.url ?? '', this.endpoint).searchParams.get('uploadId');
    const upload = uploadId === null ? undefined : join(this.#uploads, uploadId);
    if (upload !== undefined && !existsSync(upload)) return refuse(incoming, outgoing, 404, 'NoSuchUpload');
    if (upload !== undefined && incoming.method === 'DELETE') {
      await rm(upload, { recursive: true });
      outgoing.writeHead(204).end();
      return;
    }
    await serve(incoming, outgoing);
  }
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void {
  incoming.resume();
  incoming.on('end', () => outgoing.writeHead(status).end(`<Error><Code>${code}</Code></Error>`));
}

/** What would be said is taken for the moment to hang up. */
function lose(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.end = () => {
    incoming.socket.destroy();
    return outgoing;
  };
}
