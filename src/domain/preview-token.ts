import { fromBase64, toBase64Url } from './base64.ts';
import { type PreviewAddressing, type PreviewTarget, previewUrl } from './preview.ts';

/** The query parameter that carries a token into a private preview. */
export const PREVIEW_TOKEN_PARAMETER = 'sandboxd_token';

/** The longest a link may be valid, in milliseconds. */
export const PREVIEW_TOKEN_MAX_MS = 7 * 24 * 3_600_000;

/** Expiry in seconds (base 36), a dot, and an HMAC-SHA-256 (base64url). */
const SHAPE = /^([1-9a-z][0-9a-z]{0,9})\.([\w-]{43})$/;

/**
 * @param base64 at least 32 random bytes
 * @throws TypeError when there are fewer: a guessable key opens every private preview
 */
export async function importPreviewKey(base64: string): Promise<CryptoKey> {
  const bytes = fromBase64(base64);
  if (bytes.length < 32) throw new TypeError('The preview key must be at least 32 bytes, in base64.');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

/**
 * Makes what opens one port of one private preview, for whoever holds it, until it expires. Nothing is stored: only a
 * new key revokes it.
 * @param expiresAt milliseconds since the epoch; takes effect in whole seconds
 */
export async function signPreviewToken(
  key: CryptoKey,
  target: PreviewTarget,
  expiresAt: number,
): Promise<string> {
  const expiry = Math.floor(expiresAt / 1000).toString(36);
  const mac = await crypto.subtle.sign('HMAC', key, statement(target, expiry));
  return `${expiry}.${toBase64Url(new Uint8Array(mac))}`;
}

/**
 * Checks a token of any origin, hostile ones included.
 * @returns when it expires, in milliseconds since the epoch; undefined when it does not open `target` at `now`
 */
export async function verifyPreviewToken(
  key: CryptoKey,
  target: PreviewTarget,
  token: string,
  now: number,
): Promise<number | undefined> {
  const [, expiry, mac] = SHAPE.exec(token) ?? [];
  if (expiry === undefined || mac === undefined) return undefined;
  const expiresAt = Number.parseInt(expiry, 36) * 1000;
  if (expiresAt <= now) return undefined;
  const genuine = await crypto.subtle.verify('HMAC', key, fromBase64(mac), statement(target, expiry));
  return genuine ? expiresAt : undefined;
}

/** The link to hand out: it opens the preview once the proxy has turned the token into a cookie. */
export async function previewLink(
  key: CryptoKey,
  addressing: PreviewAddressing,
  target: PreviewTarget,
  expiresAt: number,
): Promise<string> {
  const token = await signPreviewToken(key, target, expiresAt);
  return `${previewUrl(addressing, target)}/?${PREVIEW_TOKEN_PARAMETER}=${token}`;
}

/** What the MAC covers. The prefix keeps it apart from anything else the key might ever sign. */
const statement = (target: PreviewTarget, expiry: string) =>
  new TextEncoder().encode(`sandboxd preview v1\n${target.sandboxId}\n${target.port}\n${expiry}`);
