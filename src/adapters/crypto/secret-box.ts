import { base64url } from 'jose';
import { SandboxdError } from '../../domain/errors.ts';
import type { Vault } from '../../domain/vault.ts';

const KEY_BYTES = 32;
/** What AES-GCM is made for: a nonce of another length is hashed first. */
const NONCE_BYTES = 12;

/** Version, id of the key, nonce, and ciphertext with its tag of 16 bytes. */
const SHAPE = /^v1\.([0-9a-f]{16})\.([\w-]{16})\.([\w-]{22,})$/;

/**
 * A vault that seals with AES-256-GCM under one key. What it makes names its format and its key, so that a key can be
 * replaced while what was sealed with the old one is still there. Nothing outlives a call: it may be made for each
 * request.
 * @param masterKey base64, 32 random bytes
 * @throws TypeError for anything else
 */
export function secretBox(masterKey: string): Vault {
  const bytes = Uint8Array.from(atob(masterKey), (character) => character.charCodeAt(0));
  if (bytes.length !== KEY_BYTES) throw new TypeError('The key of secrets must be 32 bytes, in base64.');
  const importKey = () => crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);

  return {
    async seal(secret, context) {
      const keyId = await idOf(bytes);
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const cipher = cipherFor(nonce, keyId, context);
      const text = new TextEncoder().encode(secret);
      const sealed = await crypto.subtle.encrypt(cipher, await importKey(), text);
      return `v1.${keyId}.${base64url.encode(nonce)}.${base64url.encode(new Uint8Array(sealed))}`;
    },
    isCurrent: async (sealed) => SHAPE.exec(sealed)?.[1] === (await idOf(bytes)),
    async open(sealed, context) {
      const [, keyId, nonce, ciphertext] = SHAPE.exec(sealed) ?? [];
      if (keyId === undefined || nonce === undefined || ciphertext === undefined) throw unreadable();
      if (keyId !== (await idOf(bytes))) throw otherKey();
      const cipher = cipherFor(decode(nonce), keyId, context);
      try {
        const text = await crypto.subtle.decrypt(cipher, await importKey(), decode(ciphertext));
        return new TextDecoder().decode(text);
      } catch (cause) {
        throw unreadable(cause);
      }
    },
  };
}

/** Of 64 bits of a hash: it tells keys apart, and nothing about them. */
async function idOf(key: Uint8Array): Promise<string> {
  const named = new Uint8Array([...new TextEncoder().encode('sandboxd secrets key\n'), ...key]);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', named));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A list as JSON reads one way only: no two contexts look the same. */
const cipherFor = (nonce: Uint8Array<ArrayBuffer>, keyId: string, context: readonly string[]) => ({
  name: 'AES-GCM',
  iv: nonce,
  additionalData: new TextEncoder().encode(JSON.stringify(['v1', keyId, ...context])),
});

const decode = (text: string) => new Uint8Array(base64url.decode(text));

const otherKey = () =>
  new SandboxdError(
    'unavailable',
    'A stored secret was sealed with another key than the one of this server. The operator can bring that key back (SANDBOXD_SECRETS_KEY, or the file keys/secrets), or the secret can be set anew.',
  );

const unreadable = (cause?: unknown) =>
  new SandboxdError('unavailable', 'A stored secret cannot be read any more. Set it anew.', { cause });
