import type { Credential } from '../../domain/credential.ts';
import type { ProviderId } from '../../domain/provider.ts';
import type { CredentialReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

interface CredentialRow {
  provider: ProviderId;
  sealed: string;
  updated_at: number;
}

export const credentialReads = (database: Sql): CredentialReads => ({
  async find(owner, provider) {
    const [row] = await database.read<CredentialRow>(
      sql`SELECT provider, sealed, updated_at FROM credentials WHERE owner = ${owner} AND provider = ${provider}`,
    );
    return row && { owner, provider: row.provider, sealed: row.sealed, updatedAt: row.updated_at };
  },
  async list(owner) {
    const rows = await database.read<Omit<CredentialRow, 'sealed'>>(
      sql`SELECT provider, updated_at FROM credentials WHERE owner = ${owner} ORDER BY provider`,
    );
    return rows.map(({ provider, updated_at }) => ({ provider, updatedAt: updated_at }));
  },
});

export const putCredential = ({ owner, provider, sealed, updatedAt }: Credential): Statement => sql`
  INSERT INTO credentials (owner, provider, sealed, updated_at)
  VALUES (${owner}, ${provider}, ${sealed}, ${updatedAt})
  ON CONFLICT DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`;

export const deleteCredential = (owner: string, provider: ProviderId): Statement =>
  sql`DELETE FROM credentials WHERE owner = ${owner} AND provider = ${provider}`;
