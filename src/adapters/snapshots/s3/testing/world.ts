import { mkdtempDisposable, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { S3_KEYS, S3Server } from '../../../../../tests/doubles/s3-server.ts';
import type { S3Place } from '../client.ts';
import { S3Snapshots } from '../store.ts';

/** Bytes that take an upload in two parts. */
export const LARGE = 20_000_000;

export interface BucketChoice {
  readonly place?: Partial<S3Place>;
  readonly prefix?: string;
  readonly dispatcher?: Dispatcher;
  /** Whose disk. */
  readonly node?: string;
}

/** A bucket, and the disks of nodes that keep their snapshots in it. */
export interface BucketWorld extends AsyncDisposable {
  readonly server: S3Server;
  /** How long was waited between attempts, in milliseconds: nobody really waits. */
  readonly pauses: number[];
  /** Takes away what the first node has on its disk, also what it was to have. */
  clearDisk(): Promise<void>;
  /** A node that has just started. */
  opened(choice?: BucketChoice): Promise<S3Snapshots>;
  /** What is in the bucket besides snapshots that are whole, and on the disk of the first node. */
  leftovers(store: S3Snapshots): Promise<string[]>;
}

const NODE = 'node';

export async function makeBucketWorld(): Promise<BucketWorld> {
  await using starting = new AsyncDisposableStack();
  const temporary = await mkdtempDisposable(join(tmpdir(), 'snapshots-'));
  starting.defer(() => temporary.remove());
  const agent = new Agent();
  starting.defer(() => agent.destroy());
  const server = starting.use(await S3Server.start());
  const pauses: number[] = [];
  const ending = starting.move();
  return {
    server,
    pauses,
    clearDisk: () => rm(join(temporary.path, NODE), { recursive: true, force: true }),
    async opened({ place, prefix = 'apps/', node = NODE, dispatcher = agent } = {}) {
      const { endpoint, bucket } = server;
      const store = new S3Snapshots({
        place: { region: 'us-east-1', ...S3_KEYS, endpoint, bucket, ...place },
        prefix,
        directory: join(temporary.path, node),
        dispatcher,
        pause: async (ms) => void pauses.push(ms),
        random: () => 0.5,
      });
      await store.open();
      return store;
    },
    async leftovers(store) {
      const whole = await store.list();
      const objects = (await readdir(server.bucketDirectory, { recursive: true }))
        .filter((path) => path.endsWith('archive.tar.zst._S3rver_object'))
        .filter((path) => !whole.some((id) => path.includes(id)));
      const notes = await readdir(join(temporary.path, NODE));
      return [...objects, ...(await server.uploads()), ...notes];
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}
