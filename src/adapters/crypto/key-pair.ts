import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** Reads a secret file, or makes it (0600) with `create`. Two processes that race end up with the same content. */
export async function loadOrCreateSecret(path: string, create: () => Promise<string>): Promise<string> {
  const existing = await readIfThere(path);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, await create(), { mode: 0o600, flag: 'wx', flush: true });
  try {
    // A link never replaces: the first process wins, and a half-written file is never seen under the name.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** An Ed25519 pair kept as a JWK in one file. */
export async function loadOrCreateKeyPair(path: string): Promise<KeyPair> {
  const text = await loadOrCreateSecret(path, async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    return JSON.stringify(await exportJWK(pair.privateKey));
  });
  const { d, ...open } = JSON.parse(text) as JWK;
  const [privateKey, publicKey] = await Promise.all([
    importJWK({ ...open, d }, 'EdDSA'),
    importJWK(open, 'EdDSA'),
  ]);
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) {
    throw new Error(`${path} does not hold an Ed25519 key`);
  }
  return { privateKey, publicKey };
}
