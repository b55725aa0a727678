import { join } from 'node:path';
import { WayOut } from '../adapters/provider/way-out.ts';
import { LocalSnapshots } from '../adapters/snapshots/local.ts';
import { S3Snapshots } from '../adapters/snapshots/s3/store.ts';
import type { Config } from '../config.ts';
import { pause } from '../domain/pause.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';

export interface OpenSnapshots extends AsyncDisposable {
  readonly store: SnapshotStore;
}

/**
 * Where the node keeps its snapshots, as configured. A store elsewhere is reached by the way that leads to the providers.
 * Disposing of it breaks off what is under way.
 * @throws the system's error when the certificates cannot be read
 */
export function snapshotStore(
  config: Pick<Config, 'dataDir' | 'snapshots' | 'caFile' | 'outboundProxy'>,
): OpenSnapshots {
  const directory = join(config.dataDir, 'snapshots');
  if (config.snapshots.kind === 'local') {
    return { store: new LocalSnapshots(directory), [Symbol.asyncDispose]: async () => undefined };
  }
  const { kind: _, prefix, ...place } = config.snapshots;
  const wayOut = new WayOut(config);
  const dispatcher = wayOut.for(new URL(place.endpoint));
  const store = new S3Snapshots({
    place,
    prefix,
    directory: join(directory, '.unfinished-uploads'),
    dispatcher,
    pause,
    random: Math.random,
  });
  return { store, [Symbol.asyncDispose]: () => wayOut[Symbol.asyncDispose]() };
}
