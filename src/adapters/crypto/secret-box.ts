import { base64url } from 'jose';
import { UnreadableSecret, type Vault } from '../../domain/vault.ts';
import { SealingKey } from './sealing-key.ts';

/** What AES-GCM is made for: a nonce of another length is hashed first. */
const NONCE_BYTES = 12;

/** Version, id of the key, nonce, and ciphertext with its tag of 16 bytes. */
const SHAPE = /^v1\.([0-9a-f]{16})\.([\w-]{16})\.([\w-]{22,})$/;

/** Each is base64, 32 random bytes. */
export interface SecretKeys {
  /** Seals, and opens. */
  readonly current: string;
  /** Only open. */
  readonly previous: readonly string[];
}

/** A vault whose keys can be exchanged. */
export interface SecretBox extends Vault {
  /** Which key seals, as everything sealed with it names it. */
  currentId(): Promise<string>;
  /** Seals and opens with these alone from now on; what is under way ends with those it began with. @throws TypeError */
  use(keys: SecretKeys): void;
}

/**
 * A vault that seals with AES-256-GCM. What it makes names its format and its key, so that a key can be replaced while
 * what was sealed with the old one is still there. Keys are prepared when they are first used, and for as long as the box
 * lasts: one that is made for each request leaves nothing behind.
 * @throws TypeError for a key that is none
 */
export function secretBox(keys: SecretKeys): SecretBox {
  let ring = ringOf(keys);
  return {
    currentId: () => ring[0].id(),
    use(others) {
      ring = ringOf(others);
    },
    isCurrent: async (sealed) => SHAPE.exec(sealed)?.[1] === (await ring[0].id()),
    seal: (secret, context) => seal(ring[0], secret, context),
    async open(sealed, context) {
      const known = ring;
      const [, keyId, nonce, ciphertext] = SHAPE.exec(sealed) ?? [];
      if (keyId === undefined || nonce === undefined || ciphertext === undefined)
        throw new UnreadableSecret('altered');
      const ids = await Promise.all(known.map((key) => key.id()));
      const key = known[ids.indexOf(keyId)];
      if (key === undefined) throw new UnreadableSecret('other_key');
      return open(key, { keyId, nonce, ciphertext }, context);
    },
  };
}

type Ring = readonly [SealingKey, ...SealingKey[]];

const ringOf = ({ current, previous }: SecretKeys): Ring => [
  new SealingKey(current),
  ...previous.map((key) => new SealingKey(key)),
];

async function seal(key: SealingKey, secret: string, context: readonly string[]): Promise<string> {
  const keyId = await key.id();
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const text = new TextEncoder().encode(secret);
  const cipher = cipherFor(nonce, keyId, context);
  const sealed = await crypto.subtle.encrypt(cipher, await key.imported(), text);
  return `v1.${keyId}.${base64url.encode(nonce)}.${base64url.encode(new Uint8Array(sealed))}`;
}

async function open(
  key: SealingKey,
  { keyId, nonce, ciphertext }: { keyId: string; nonce: string; ciphertext: string },
  context: readonly string[],
): Promise<string> {
  const imported = await key.imported();
  try {
    const cipher = cipherFor(decode(nonce), keyId, context);
    const text = await crypto.subtle.decrypt(cipher, imported, decode(ciphertext));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch (cause) {
    throw new UnreadableSecret('altered', { cause });
  }
}

/** A list as JSON reads one way only: no two contexts look the same. */
const cipherFor = (nonce: Uint8Array<ArrayBuffer>, keyId: string, context: readonly string[]) => ({
  name: 'AES-GCM',
  iv: nonce,
  additionalData: new TextEncoder().encode(JSON.stringify(['v1', keyId, ...context])),
});

/** @throws TypeError for text that encodes these bytes, but is not what encoding them gives: it was changed */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(base64url.decode(text));
  if (base64url.encode(bytes) !== text) throw new TypeError('The text is not in its canonical form.');
  return bytes;
}
