import type { ApiToken, LoginLink, Session } from '../../domain/identity.ts';
import type { IdentityReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

interface TokenRow {
  id: string;
  owner: string;
  name: string;
  hash: string;
  prefix: string;
  created_at: number;
}

interface SessionRow {
  hash: string;
  owner: string;
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
      sql`SELECT id, owner, name, hash, prefix, created_at FROM api_tokens WHERE hash = ${hash}`,
    );
    return row && toToken(row);
  },
  async session(hash) {
    const [row] = await database.read<SessionRow>(
      sql`SELECT hash, owner, created_at, expires_at FROM sessions WHERE hash = ${hash}`,
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

const toToken = ({ id, owner, name, hash, prefix, created_at }: TokenRow): ApiToken => ({
  id,
  owner,
  name,
  hash,
  prefix,
  createdAt: created_at,
});

const toSession = ({ hash, owner, created_at, expires_at }: SessionRow): Session => ({
  hash,
  owner,
  createdAt: created_at,
  expiresAt: expires_at,
});

const toLoginLink = ({ hash, owner, expires_at }: LoginLinkRow): LoginLink => ({
  hash,
  owner,
  expiresAt: expires_at,
});

export const insertToken = ({ id, owner, name, hash, prefix, createdAt }: ApiToken): Statement => sql`
  INSERT INTO api_tokens (id, owner, name, hash, prefix, created_at)
  VALUES (${id}, ${owner}, ${name}, ${hash}, ${prefix}, ${createdAt})`;

export const insertSession = ({ hash, owner, createdAt, expiresAt }: Session): Statement => sql`
  INSERT INTO sessions (hash, owner, created_at, expires_at)
  VALUES (${hash}, ${owner}, ${createdAt}, ${expiresAt})`;

export const deleteSession = (hash: string): Statement => sql`DELETE FROM sessions WHERE hash = ${hash}`;

export const insertLoginLink = ({ hash, owner, expiresAt }: LoginLink): Statement => sql`
  INSERT INTO login_links (hash, owner, expires_at) VALUES (${hash}, ${owner}, ${expiresAt})`;

export const expireIdentity = (now: number): readonly Statement[] => [
  sql`DELETE FROM sessions WHERE expires_at < ${now}`,
  sql`DELETE FROM login_links WHERE expires_at < ${now}`,
];
