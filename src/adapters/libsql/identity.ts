import type { ApiToken, LoginLink, Session } from '../../domain/identity.ts';
import type { Password } from '../../domain/password.ts';
import type { ChangeOf, IdentityReads } from '../../domain/store.ts';
import { hasFewer } from './limits.ts';
import { sql, type Sql, type Statement } from './sql.ts';

interface TokenRow {
  id: string;
  owner: string;
  name: string;
  hash: string;
  prefix: string;
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
}

const TOKEN_COLUMNS = sql`id, owner, name, hash, prefix, created_at, last_used_at, expires_at`;

interface SessionRow {
  hash: string;
  owner: string;
  token_hash: string | null;
  created_at: number;
  expires_at: number;
}

interface LoginLinkRow {
  hash: string;
  owner: string;
  expires_at: number;
}

export const identityReads = (database: Sql): IdentityReads => ({
  async token(hash) {
    const [row] = await database.read<TokenRow>(
      sql`SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE hash = ${hash}`,
    );
    return row && toToken(row);
  },
  async tokens(owner) {
    const rows = await database.read<TokenRow>(
      sql`SELECT ${TOKEN_COLUMNS} FROM api_tokens WHERE owner = ${owner} ORDER BY id DESC`,
    );
    return rows.map(toToken);
  },
  async password(owner) {
    const [row] = await database.read<{ hash: string; updated_at: number }>(
      sql`SELECT hash, updated_at FROM passwords WHERE owner = ${owner}`,
    );
    return row && { owner, hash: row.hash, updatedAt: row.updated_at };
  },
  async loginFailures(scope, since) {
    const [row] = await database.read<{ count: number; last_at: number }>(
      sql`SELECT count, last_at FROM login_failures WHERE scope = ${scope} AND last_at >= ${since}`,
    );
    return { count: row?.count ?? 0, lastAt: row?.last_at ?? 0 };
  },
  async session(hash) {
    const [row] = await database.read<SessionRow>(
      sql`SELECT hash, owner, token_hash, created_at, expires_at FROM sessions WHERE hash = ${hash}`,
    );
    return row && toSession(row);
  },
  async redeemLoginLink(hash, now) {
    const [rows] = await database.batch([
      sql`DELETE FROM login_links WHERE hash = ${hash} AND expires_at > ${now}
        RETURNING hash, owner, expires_at`,
    ]);
    const row = rows?.[0] as LoginLinkRow | undefined;
    return row && toLoginLink(row);
  },
});

const toToken = (row: TokenRow): ApiToken => ({
  id: row.id,
  owner: row.owner,
  name: row.name,
  hash: row.hash,
  prefix: row.prefix,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at ?? undefined,
  expiresAt: row.expires_at ?? undefined,
});

const toSession = ({ hash, owner, token_hash, created_at, expires_at }: SessionRow): Session => ({
  hash,
  owner,
  tokenHash: token_hash ?? undefined,
  createdAt: created_at,
  expiresAt: expires_at,
});

const toLoginLink = ({ hash, owner, expires_at }: LoginLinkRow): LoginLink => ({
  hash,
  owner,
  expiresAt: expires_at,
});

/** Where there are as many as there may be, its name would become NULL, which the table refuses. */
export const insertToken = ({ token, most }: ChangeOf<'token.insert'>): Statement => sql`
  INSERT INTO api_tokens (${TOKEN_COLUMNS})
  VALUES (${token.id}, ${token.owner}, CASE WHEN ${hasFewer(sql`api_tokens`, token.owner, most)} THEN ${token.name} END,
    ${token.hash}, ${token.prefix}, ${token.createdAt},
    ${token.lastUsedAt ?? null}, ${token.expiresAt ?? null})`;

export const deleteToken = ({ owner, id }: ChangeOf<'token.delete'>): Statement =>
  sql`DELETE FROM api_tokens WHERE id = ${id} AND owner = ${owner}`;

export const noteTokenUse = ({ hash, at }: ChangeOf<'token.used'>): Statement =>
  sql`UPDATE api_tokens SET last_used_at = max(coalesce(last_used_at, 0), ${at}) WHERE hash = ${hash}`;

export const putPassword = ({ owner, hash, updatedAt }: Password): Statement => sql`
  INSERT INTO passwords (owner, hash, updated_at) VALUES (${owner}, ${hash}, ${updatedAt})
  ON CONFLICT DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at`;

export const deletePassword = (owner: string): Statement => sql`DELETE FROM passwords WHERE owner = ${owner}`;

export const noteFailedLogin = ({ scopes, at, since }: ChangeOf<'login.failed'>): readonly Statement[] => [
  sql`DELETE FROM login_failures WHERE last_at < ${since}`,
  ...scopes.map(
    (scope) => sql`INSERT INTO login_failures (scope, count, last_at) VALUES (${scope}, 1, ${at})
      ON CONFLICT DO UPDATE SET count = count + 1, last_at = excluded.last_at`,
  ),
];

export const forgetLoginFailures = (scope: string): Statement =>
  sql`DELETE FROM login_failures WHERE scope = ${scope}`;

export const insertSession = (session: Session): Statement => sql`
  INSERT INTO sessions (hash, owner, token_hash, created_at, expires_at)
  VALUES (${session.hash}, ${session.owner}, ${session.tokenHash ?? null}, ${session.createdAt},
    ${session.expiresAt})`;

export const deleteSession = (hash: string): Statement => sql`DELETE FROM sessions WHERE hash = ${hash}`;

export const deleteSessions = (change: ChangeOf<'sessions.delete'>): readonly Statement[] => [
  sql`DELETE FROM sessions WHERE owner = ${change.owner} AND hash IS NOT ${change.exceptHash ?? null}`,
  sql`DELETE FROM login_links WHERE owner = ${change.owner}`,
];

export const insertLoginLink = ({ hash, owner, expiresAt }: LoginLink): Statement => sql`
  INSERT INTO login_links (hash, owner, expires_at) VALUES (${hash}, ${owner}, ${expiresAt})`;

export const expireIdentity = (now: number): readonly Statement[] => [
  sql`DELETE FROM sessions WHERE expires_at < ${now}`,
  sql`DELETE FROM login_links WHERE expires_at < ${now}`,
];
