import { join } from 'node:path';
import { ConfiguredKeyRing, FileKeyRing } from '../adapters/crypto/key-ring.ts';
import type { Config } from '../config.ts';

/**
 * The keys that secrets in the database are sealed with: the operator's, or those in the data directory, of which the first
 * is made at the first start.
 * @throws TypeError when the file does not hold keys
 */
export async function openKeyRing({
  dataDir,
  secretsKey,
  previousSecretsKeys,
}: Pick<Config, 'dataDir' | 'secretsKey' | 'previousSecretsKeys'>): Promise<FileKeyRing | ConfiguredKeyRing> {
  if (secretsKey !== undefined)
    return new ConfiguredKeyRing({ current: secretsKey, previous: previousSecretsKeys });
  return FileKeyRing.open(join(dataDir, 'keys', 'secrets'), previousSecretsKeys);
}
