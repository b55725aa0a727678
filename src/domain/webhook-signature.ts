import { fromBase64, toBase64 } from './base64.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** What is signed, as Standard Webhooks has it (https://www.standardwebhooks.com). */
export interface SignedMessage {
  /** The same for every attempt to deliver the same thing. Without a dot. */
  readonly id: string;
  /** When this attempt was made: whole seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** A signing secret: `whsec_` and 32 random bytes in base64. */
export const newSigningSecret = (): string =>
  PREFIX + toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));

/** The headers that prove who sent a message: one signature for each secret, so that a receiver may know any of them. */
export async function signedHeaders(
  secrets: readonly string[],
  message: SignedMessage,
): Promise<Record<string, string>> {
  const signatures = await Promise.all(secrets.map((secret) => signatureOf(secret, message)));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signatures.join(' '),
  };
}

async function signatureOf(secret: string, { id, timestamp, body }: SignedMessage): Promise<string> {
  const bytes = fromBase64(secret.slice(PREFIX.length));
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const statement = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, statement)))}`;
}
