import { SandboxdError } from './errors.ts';
import { type ApiToken, DEFAULT_OWNER, type LoginLink, type Principal, type Session } from './identity.ts';
import type { Ports } from './ports.ts';

const SESSION_MS = 30 * 24 * 3600 * 1000;
const LOGIN_LINK_MS = 15 * 60 * 1000;
const OWNER_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const PREFIX_LENGTH = 8;

/** SHA-256, lower-case hex. Secrets here are 256 random bits, so one round is enough. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

type Request = { bearer?: string; session?: string };

/** Undefined when neither the token nor the session is a valid one. A wrong token is not mended by a good session. */
export async function authenticate(
  ports: Ports,
  { bearer, session }: Request,
): Promise<Principal | undefined> {
  if (ports.instance.auth === 'off')
    return { owner: DEFAULT_OWNER, via: 'auth-off', actor: { kind: 'auth-off' } };
  if (bearer !== undefined) {
    const hash = await hashSecret(bearer);
    const configured = ports.instance.configuredTokens.get(hash);
    if (configured !== undefined)
      return { owner: configured, via: 'token', actor: { kind: 'configured-token' } };
    const key = await ports.store.identity.token(hash);
    if (key === undefined) return undefined;
    const { owner, id, name } = key;
    return { owner, via: 'token', actor: { kind: 'api-key', id, name } };
  }
  if (session === undefined) return undefined;
  const found = await ports.store.identity.session(await hashSecret(session));
  if (found === undefined || found.expiresAt <= ports.clock()) return undefined;
  const csrfToken = await hashSecret(`csrf:${session}`);
  return { owner: found.owner, via: 'session', actor: { kind: 'session' }, csrfToken };
}

/**
 * Makes a bearer token, shown this once.
 * @throws invalid_request for a name or owner that cannot be used
 */
export async function issueToken(
  ports: Ports,
  { name, owner = DEFAULT_OWNER }: { name: string; owner?: string },
): Promise<{ token: string; id: string }> {
  if (!OWNER_NAME.test(owner)) {
    throw new SandboxdError('invalid_request', 'owner: use 1–64 letters, digits, "_", "." or "-".');
  }
  if (name.trim() === '' || name.length > 100) {
    throw new SandboxdError('invalid_request', 'name: give 1–100 characters that say what the token is for.');
  }
  const token = `sbx_${randomSecret()}`;
  const row: ApiToken = {
    id: ports.newId(),
    owner,
    name: name.trim(),
    hash: await hashSecret(token),
    prefix: token.slice(0, PREFIX_LENGTH),
    createdAt: ports.clock(),
  };
  await ports.store.commit({ kind: 'token.insert', token: row });
  return { token, id: row.id };
}

/** The secret of a fresh login link: good once, for 15 minutes. */
export async function issueLoginLink(ports: Ports, owner = DEFAULT_OWNER): Promise<string> {
  const secret = randomSecret();
  const link: LoginLink = { hash: await hashSecret(secret), owner, expiresAt: ports.clock() + LOGIN_LINK_MS };
  await ports.store.commit(
    { kind: 'identity.expire', now: ports.clock() },
    { kind: 'login-link.insert', link },
  );
  return secret;
}

/**
 * Turns a login link into a session.
 * @throws unauthorized when the link is unknown, used or expired
 */
export async function redeemLoginLink(
  ports: Ports,
  secret: string,
): Promise<{ session: string; maxAgeSeconds: number }> {
  const now = ports.clock();
  const link = await ports.store.identity.redeemLoginLink(await hashSecret(secret), now);
  if (link === undefined) {
    throw new SandboxdError(
      'unauthorized',
      'This login link was used or has expired. Make a new one with "sandboxd login".',
    );
  }
  return openSession(ports, link.owner);
}

/**
 * Signs in to the console with a bearer token.
 * @throws unauthorized when the token is not valid
 */
export async function signIn(
  ports: Ports,
  token: string,
): Promise<{ session: string; maxAgeSeconds: number }> {
  const principal = await authenticate(ports, { bearer: token });
  if (principal === undefined) throw new SandboxdError('unauthorized', 'This token is not valid.');
  return openSession(ports, principal.owner);
}

async function openSession(ports: Ports, owner: string): Promise<{ session: string; maxAgeSeconds: number }> {
  const session = randomSecret();
  const now = ports.clock();
  const row: Session = {
    hash: await hashSecret(session),
    owner,
    createdAt: now,
    expiresAt: now + SESSION_MS,
  };
  await ports.store.commit({ kind: 'session.insert', session: row });
  return { session, maxAgeSeconds: SESSION_MS / 1000 };
}

/** Ends a session; an unknown one is fine. */
export const closeSession = async (ports: Ports, session: string): Promise<void> =>
  ports.store.commit({ kind: 'session.delete', hash: await hashSecret(session) });
