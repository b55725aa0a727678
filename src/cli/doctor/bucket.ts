import { bucketStore } from '../../compose/snapshots.ts';
import type { Config } from '../../config.ts';
import { asSandboxdError } from '../../domain/errors.ts';
import { inTime } from '../../domain/pause.ts';
import type { BucketFacts } from './facts.ts';

const DEADLINE_MS = 10_000;
/** An id that no snapshot ever has. */
const NOBODY = '00000000000000000000000000';

/** Asks the bucket for snapshots, if there is one. */
export async function readBucket(config: Config): Promise<BucketFacts | undefined> {
  const { snapshots: choice } = config;
  if (choice.kind === 'local') return undefined;
  const name = choice.bucket;
  try {
    await using snapshots = bucketStore(config, choice);
    const answered = await inTime(
      snapshots.store.find(NOBODY).then(() => true),
      DEADLINE_MS,
    );
    return {
      name,
      trouble: answered ? undefined : 'It does not answer in time. Check SANDBOXD_S3_ENDPOINT.',
    };
  } catch (error) {
    return { name, trouble: asSandboxdError(error).message };
  }
}
