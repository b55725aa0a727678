import { base64url, type CryptoKey, decodeJwt, jwtVerify, SignJWT } from 'jose';
import type { ArrivingRequest, ChannelSigner, ChannelVerifier } from '../../domain/channel.ts';
import { SandboxdError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ids.ts';

/** Long enough for clocks that disagree a little, short enough that a stolen token is of no use. */
const LIFETIME_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 5;
/** Above any honest rate within a token's life; beyond it the channel refuses rather than forgets. */
const MAX_REMEMBERED = 100_000;
const ALGORITHM = 'EdDSA';

async function bodyHash(body: Uint8Array<ArrayBuffer>): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', body)));
}

/** @param issuer the sender's id, by which the receiver finds the public key */
export function createSigner(issuer: string, privateKey: CryptoKey, clock: Clock): ChannelSigner {
  return {
    async sign({ method, path, body }, audience) {
      const now = Math.floor(clock() / 1000);
      return new SignJWT({ method, path, body: await bodyHash(body) })
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFETIME_SECONDS)
        .setJti(crypto.randomUUID())
        .sign(privateKey);
    },
  };
}

/**
 * @param audience the receiver's own id
 * @param keyOf the public key of a sender, or undefined for a stranger
 */
export function createVerifier(
  audience: string,
  keyOf: (issuer: string) => Promise<CryptoKey | undefined>,
  clock: Clock,
): ChannelVerifier {
  const seen = replayGuard();
  return {
    async verify(request, token) {
      const { issuer, hash } = await proven(async () => {
        const { id, expires, ...claims } = await check(request, token, { audience, keyOf, now: clock() });
        seen.use(id, expires, clock());
        return claims;
      });
      const body = await request.body();
      return proven(async () => {
        if (hash !== (await bodyHash(body))) throw new Error('made for another body');
        return issuer;
      });
    },
  };
}

/** A stranger learns nothing of why. */
async function proven<T>(proof: () => Promise<T>): Promise<T> {
  try {
    return await proof();
  } catch (cause) {
    throw new SandboxdError('unauthorized', 'The request is not signed by a known peer.', { cause });
  }
}

interface Expectation {
  readonly audience: string;
  readonly keyOf: (issuer: string) => Promise<CryptoKey | undefined>;
  readonly now: number;
}

async function check(
  request: ArrivingRequest,
  token: string | undefined,
  { audience, keyOf, now }: Expectation,
) {
  if (token === undefined) throw new Error('no token');
  const issuer = decodeJwt(token).iss ?? '';
  const key = await keyOf(issuer);
  if (key === undefined) throw new Error('unknown sender');
  const { payload } = await jwtVerify(token, key, {
    algorithms: [ALGORITHM],
    audience,
    issuer,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(now),
    requiredClaims: ['jti', 'exp'],
  });
  const { exp = 0, jti = '', method, path, body } = payload;
  if (method !== request.method || path !== request.path) throw new Error('made for another request');
  if (exp > now / 1000 + LIFETIME_SECONDS + CLOCK_TOLERANCE_SECONDS) throw new Error('lives too long');
  return { issuer, hash: body, id: jti, expires: (exp + CLOCK_TOLERANCE_SECONDS) * 1000 };
}

/** Remembers every token until it has expired. Entries are dropped in order of arrival: all live equally long. */
function replayGuard() {
  const expiries = new Map<string, number>();
  return {
    use(id: string, expires: number, now: number): void {
      for (const [old, expiry] of expiries) {
        if (expiry > now) break;
        expiries.delete(old);
      }
      if (expiries.has(id)) throw new Error('replayed');
      if (expiries.size >= MAX_REMEMBERED) throw new Error('too many requests within a minute');
      expiries.set(id, expires);
    },
  };
}
