import { CompactEncrypt, base64url, compactDecrypt } from 'jose';
import { SandboxdError } from '../../domain/errors.ts';
import type { Seal } from '../../domain/seal.ts';

const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;

/** Seals with a key of this node's own. @param key base64url, 32 bytes */
export function createSeal(key: string): Seal {
  const secret = base64url.decode(key);
  return {
    close: (text) =>
      new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(HEADER).encrypt(secret),
    async open(sealed) {
      try {
        const { plaintext } = await compactDecrypt(sealed, secret, {
          keyManagementAlgorithms: [HEADER.alg],
          contentEncryptionAlgorithms: [HEADER.enc],
        });
        return new TextDecoder().decode(plaintext);
      } catch (cause) {
        throw new SandboxdError(
          'unavailable',
          'What was sealed cannot be opened with the key of this node.',
          {
            cause,
          },
        );
      }
    },
  };
}
