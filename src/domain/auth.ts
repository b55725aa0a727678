import { toBase64Url } from './base64.ts';
import { SandboxdError } from './errors.ts';
import { type ApiToken, DEFAULT_OWNER, type LoginLink, type Principal, type Session } from './identity.ts';
import type { Ports } from './ports.ts';

const SESSION_MS = 30 * 24 * 3600 * 1000;
const LOGIN_LINK_MS = 15 * 60 * 1000;
/** How exactly it is known when a key was used: a write for every request would be one too many. */
const USE_NOTED_MS = 60 * 1000;

/** SHA-256, lower-case hex. Secrets here are 256 random bits, so one round is enough. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** 256 random bits, such that they can stand in URLs and headers. */
export const randomSecret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));

/** Lets work go on beside a request that does not wait for it. The work does not reject. */
export type Later = (work: Promise<void>) => void;

type Request = { bearer?: string; session?: string };

/**
 * Undefined when neither the token nor the session is a valid one. A wrong token is not mended by a good session.
 * @param later notes when an API key was used
 */
export async function authenticate(
  ports: Ports,
  { bearer, session }: Request,
  later: Later,
): Promise<Principal | undefined> {
  if (ports.instance.auth === 'off')
    return { owner: DEFAULT_OWNER, via: 'auth-off', actor: { kind: 'auth-off' } };
  if (bearer !== undefined) return ofToken(ports, await hashSecret(bearer), later);
  return session === undefined ? undefined : ofSession(ports, session, later);
}

async function ofToken(ports: Ports, hash: string, later: Later): Promise<Principal | undefined> {
  const configured = ports.instance.configuredTokens.get(hash);
  if (configured !== undefined)
    return { owner: configured, via: 'token', actor: { kind: 'configured-token' } };
  const key = await ports.store.identity.token(hash);
  if (key === undefined || hasExpired(key, ports.clock())) return undefined;
  if (ports.clock() - (key.lastUsedAt ?? 0) >= USE_NOTED_MS) later(noteUse(ports, key));
  const { owner, id, name } = key;
  return { owner, via: 'token', actor: { kind: 'api-key', id, name } };
}

const hasExpired = ({ expiresAt }: ApiToken, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;

/** Best effort: whether it works changes nothing about the request. */
async function noteUse({ store, clock, log }: Ports, { hash, id }: ApiToken): Promise<void> {
  try {
    await store.commit({ kind: 'token.used', hash, at: clock() });
  } catch (error) {
    log.error('the use of an API key was not noted', error, { apiKeyId: id });
  }
}

async function ofSession(ports: Ports, secret: string, later: Later): Promise<Principal | undefined> {
  const session = await ports.store.identity.session(await hashSecret(secret));
  if (session === undefined || session.expiresAt <= ports.clock()) return undefined;
  if (!(await isStillBacked(ports, session, later))) return undefined;
  const csrfToken = await hashSecret(`csrf:${secret}`);
  return { owner: session.owner, via: 'session', actor: { kind: 'session' }, csrfToken };
}

/** A session gives nobody more than the token it was opened with: what is revoked or has expired ends it too. */
async function isStillBacked(ports: Ports, { owner, tokenHash }: Session, later: Later): Promise<boolean> {
  if (tokenHash === undefined) return true;
  return (await ofToken(ports, tokenHash, later))?.owner === owner;
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

/** A session that has just begun. */
export interface OpenedSession {
  readonly owner: string;
  /** What its cookie carries. */
  readonly secret: string;
  readonly maxAgeSeconds: number;
}

/**
 * Turns a login link into a session.
 * @throws unauthorized when the link is unknown, used or expired
 */
export async function redeemLoginLink(ports: Ports, secret: string): Promise<OpenedSession> {
  const link = await ports.store.identity.redeemLoginLink(await hashSecret(secret), ports.clock());
  if (link === undefined) {
    throw new SandboxdError(
      'unauthorized',
      'This login link was used or has expired. Make a new one with "sandboxd login".',
    );
  }
  return openSession(ports, link.owner);
}

/**
 * Begins a session, and clears away those that have expired.
 * @param tokenHash of the token that it lasts as long as; undefined where nothing but its own end ends it
 */
export async function openSession(ports: Ports, owner: string, tokenHash?: string): Promise<OpenedSession> {
  const secret = randomSecret();
  const now = ports.clock();
  const session: Session = {
    hash: await hashSecret(secret),
    owner,
    ...(tokenHash !== undefined && { tokenHash }),
    createdAt: now,
    expiresAt: now + SESSION_MS,
  };
  await ports.store.commit({ kind: 'identity.expire', now }, { kind: 'session.insert', session });
  return { owner, secret, maxAgeSeconds: SESSION_MS / 1000 };
}

/** Ends a session; an unknown one is fine. */
export const closeSession = async (ports: Ports, session: string): Promise<void> =>
  ports.store.commit({ kind: 'session.delete', hash: await hashSecret(session) });

/** Ends every session of an owner. @param except the secret of one that goes on */
export const closeSessions = async (ports: Ports, owner: string, except?: string): Promise<void> =>
  ports.store.commit({
    kind: 'sessions.delete',
    owner,
    ...(except !== undefined && { exceptHash: await hashSecret(except) }),
  });
