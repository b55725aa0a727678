import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeyPair, loadOrCreateKeyPair, loadOrCreateSecret } from '../adapters/crypto/key-pair.ts';
import type { IdSource } from '../domain/ids.ts';

/** What an installation is recognised by; made at its first start and kept in its data directory. */
export interface Identity {
  /** Labels everything this instance makes in the engine: 8 hexadecimal digits. */
  readonly instanceId: string;
  readonly nodeId: string;
  readonly apiKeys: KeyPair;
  readonly nodeKeys: KeyPair;
  /** Base64, 32 bytes. */
  readonly previewKey: string;
  /** Seals what the node keeps on its disk; base64url, 32 bytes. */
  readonly sealKey: string;
}

/** An id for an installation that is nobody else's. */
export const newInstanceId = (): string => randomBytes(4).toString('hex');

/** Reads the identity, making what is missing. The data directory is for its owner alone. */
export async function loadIdentity(dataDir: string, newId: IdSource): Promise<Identity> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  const keys = join(dataDir, 'keys');
  const [instanceId, nodeId, apiKeys, nodeKeys, previewKey, sealKey] = await Promise.all([
    loadOrCreateSecret(join(dataDir, 'instance'), async () => newInstanceId()),
    loadOrCreateSecret(join(dataDir, 'node', 'id'), async () => newId()),
    loadOrCreateKeyPair(join(keys, 'api.jwk')),
    loadOrCreateKeyPair(join(keys, 'node.jwk')),
    loadOrCreateSecret(join(keys, 'preview'), newKey),
    loadOrCreateSecret(join(keys, 'node-seal'), async () => randomBytes(32).toString('base64url')),
  ]);
  return { instanceId, nodeId, apiKeys, nodeKeys, previewKey, sealKey };
}

const newKey = async () => randomBytes(32).toString('base64');

/** The instance's id, where there is one yet. */
export async function readInstance(dataDir: string): Promise<string | undefined> {
  try {
    return await readFile(join(dataDir, 'instance'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
