import { join } from 'node:path';
import { WayOut } from '../adapters/provider/way-out.ts';
import { LocalSnapshots } from '../adapters/snapshots/local.ts';
import { S3Snapshots } from '../adapters/snapshots/s3/store.ts';
import { WithEarlier } from '../adapters/snapshots/with-earlier.ts';
import type { BucketPlace } from '../config-snapshots.ts';
import type { Config } from '../config.ts';
import { pause } from '../domain/pause.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';

export interface OpenSnapshots extends AsyncDisposable {
  readonly store: SnapshotStore;
}

type Means = Pick<Config, 'dataDir' | 'caFile' | 'outboundProxy'>;

/**
 * Where the node keeps its snapshots, as configured. Those on its disk are served also when a bucket has been chosen since.
 * Disposing of it breaks off what is under way.
 * @throws the system's error when the certificates cannot be read
 */
export function snapshotStore(config: Means & Pick<Config, 'snapshots'>): OpenSnapshots {
  const local = new LocalSnapshots(directoryOf(config));
  if (config.snapshots.kind === 'local') {
    return { store: local, [Symbol.asyncDispose]: async () => undefined };
  }
  const bucket = bucketStore(config, config.snapshots);
  return {
    store: new WithEarlier(bucket.store, local),
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
}

/** A bucket alone, which is reached by the way that leads to the providers. */
export function bucketStore(config: Means, choice: BucketPlace): OpenSnapshots {
  const { kind: _, prefix, ...place } = choice;
  const wayOut = new WayOut(config);
  const store = new S3Snapshots({
    place,
    prefix,
    directory: join(directoryOf(config), '.unfinished-uploads'),
    dispatcher: wayOut.for(new URL(place.endpoint)),
    pause,
    random: Math.random,
  });
  return { store, [Symbol.asyncDispose]: () => wayOut[Symbol.asyncDispose]() };
}

const directoryOf = ({ dataDir }: Pick<Config, 'dataDir'>): string => join(dataDir, 'snapshots');
