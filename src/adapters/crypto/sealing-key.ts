import { fromBase64 } from '../../domain/base64.ts';

const KEY_BYTES = 32;

/** One key that seals secrets, under its id. */
export class SealingKey {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #id: Promise<string> | undefined;
  #imported: Promise<CryptoKey> | undefined;

  /**
   * @param text base64, 32 random bytes
   * @throws TypeError for anything else; its message repeats nothing of it
   */
  constructor(text: string) {
    this.#bytes = decodeKey(text);
  }

  /** Of 64 bits of a hash: it tells keys apart, and nothing about them. */
  id(): Promise<string> {
    this.#id ??= idOf(this.#bytes);
    return this.#id;
  }

  /** For AES-GCM. It cannot be exported again. */
  imported(): Promise<CryptoKey> {
    this.#imported ??= crypto.subtle.importKey('raw', this.#bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
    return this.#imported;
  }
}

function decodeKey(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    throw new TypeError(`The key of secrets must be ${KEY_BYTES} bytes, in base64.`);
  }
  return fromBase64(text);
}

async function idOf(key: Uint8Array): Promise<string> {
  const named = new Uint8Array([...new TextEncoder().encode('sandboxd secrets key\n'), ...key]);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', named));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
