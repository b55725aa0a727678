import { SandboxdError } from '../../src/domain/errors.ts';
import type { Change, IdempotencyReads, IdentityReads } from '../../src/domain/store.ts';
import { type Appliers, insertNew, keyOf, removeWhere, type State } from './memory-state.ts';

/** The identities of a store in memory. */
export const memoryIdentity = (state: () => State): IdentityReads => ({
  token: async (hash) => state().tokens.get(hash),
  tokens: async (owner) =>
    [...state().tokens.values()]
      .filter((token) => token.owner === owner)
      .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
  password: async (owner) => state().passwords.get(owner),
  loginFailures: async (scope, since) => {
    const failures = state().loginFailures.get(scope);
    return failures !== undefined && failures.lastAt >= since ? failures : { count: 0, lastAt: 0 };
  },
  session: async (hash) => state().sessions.get(hash),
  redeemLoginLink: async (hash, now) => {
    const link = state().loginLinks.get(hash);
    if (link === undefined || link.expiresAt <= now) return undefined;
    state().loginLinks.delete(hash);
    return link;
  },
});

/** The requests that a store in memory keeps from being carried out twice. */
export const memoryIdempotency = (state: () => State): IdempotencyReads => ({
  find: async (owner, key, since) => {
    const request = state().idempotent.get(keyOf(owner, key));
    return request !== undefined && request.createdAt > since ? request : undefined;
  },
});

type Kind = Extract<
  Change['kind'],
  | `token.${string}`
  | `password.${string}`
  | `session${string}`
  | `login${string}`
  | `identity.${string}`
  | `idempotency.${string}`
>;

export const identityChanges: Appliers<Kind> = {
  'token.insert': ({ tokens }, { token, most = Infinity }) => {
    const others = [...tokens.values()].filter(({ owner }) => owner === token.owner);
    if (others.length >= most) throw new SandboxdError('conflict', 'There are too many.');
    insertNew(tokens, token.hash, token);
  },
  'token.delete': ({ tokens }, { owner, id }) =>
    removeWhere(tokens, (token) => token.owner === owner && token.id === id),
  'token.used': ({ tokens }, { hash, at }) => {
    const token = tokens.get(hash);
    if (token !== undefined) tokens.set(hash, { ...token, lastUsedAt: Math.max(token.lastUsedAt ?? 0, at) });
  },
  'password.put': ({ passwords }, { password }) => {
    passwords.set(password.owner, password);
  },
  'password.delete': ({ passwords }, { owner }) => {
    passwords.delete(owner);
  },
  'session.insert': ({ sessions }, { session }) => insertNew(sessions, session.hash, session),
  'session.delete': ({ sessions }, { hash }) => {
    sessions.delete(hash);
  },
  'sessions.delete': ({ sessions, loginLinks }, { owner, exceptHash }) => {
    removeWhere(sessions, (session) => session.owner === owner && session.hash !== exceptHash);
    removeWhere(loginLinks, (link) => link.owner === owner);
  },
  'login.failed': ({ loginFailures }, { scopes, at, since }) => {
    removeWhere(loginFailures, ({ lastAt }) => lastAt < since);
    for (const scope of scopes) {
      const { count = 0 } = loginFailures.get(scope) ?? {};
      loginFailures.set(scope, { count: count + 1, lastAt: at });
    }
  },
  'login.succeeded': ({ loginFailures }, { scope }) => {
    loginFailures.delete(scope);
  },
  'login-link.insert': ({ loginLinks }, { link }) => insertNew(loginLinks, link.hash, link),
  'identity.expire': ({ sessions, loginLinks }, { now }) => {
    removeWhere(sessions, ({ expiresAt }) => expiresAt < now);
    removeWhere(loginLinks, ({ expiresAt }) => expiresAt < now);
  },
  'idempotency.claim': ({ idempotent }, { request, since }) => {
    const at = keyOf(request.owner, request.key);
    const other = idempotent.get(at);
    if (other !== undefined && other.createdAt > since)
      throw new SandboxdError('conflict', 'There is a request by this key already.');
    idempotent.set(at, request);
  },
  'idempotency.answer': ({ idempotent }, { owner, key, sealedAnswer }) => {
    const request = idempotent.get(keyOf(owner, key));
    if (request !== undefined) idempotent.set(keyOf(owner, key), { ...request, sealedAnswer });
  },
  'idempotency.release': ({ idempotent }, { owner, key }) => {
    const request = idempotent.get(keyOf(owner, key));
    if (request?.sealedAnswer === undefined) idempotent.delete(keyOf(owner, key));
  },
};
