import type { IdempotentRequest } from '../../domain/idempotency.ts';
import type { ChangeOf, IdempotencyReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

interface RequestRow {
  sealed_request: string;
  sealed_answer: string | null;
  created_at: number;
}

const at = ({ owner, key }: Pick<IdempotentRequest, 'owner' | 'key'>): Statement =>
  sql`WHERE owner = ${owner} AND key = ${key}`;

export const idempotencyReads = (database: Sql): IdempotencyReads => ({
  async find(owner, key, since) {
    const [row] = await database.read<RequestRow>(sql`
      SELECT sealed_request, sealed_answer, created_at FROM idempotent_requests
      ${at({ owner, key })} AND created_at > ${since}`);
    return (
      row && {
        owner,
        key,
        sealedRequest: row.sealed_request,
        sealedAnswer: row.sealed_answer ?? undefined,
        createdAt: row.created_at,
      }
    );
  },
});

/** One that is too old makes room; the table's key refuses what is younger. */
export const claimRequest = ({ request, since }: ChangeOf<'idempotency.claim'>): readonly Statement[] => [
  sql`DELETE FROM idempotent_requests ${at(request)} AND created_at <= ${since}`,
  sql`INSERT INTO idempotent_requests (owner, key, sealed_request, sealed_answer, created_at)
    VALUES (${request.owner}, ${request.key}, ${request.sealedRequest}, ${request.sealedAnswer ?? null},
      ${request.createdAt})`,
];

export const answerRequest = ({ sealedAnswer, ...place }: ChangeOf<'idempotency.answer'>): Statement =>
  sql`UPDATE idempotent_requests SET sealed_answer = ${sealedAnswer} ${at(place)}`;

export const releaseRequest = (place: ChangeOf<'idempotency.release'>): Statement =>
  sql`DELETE FROM idempotent_requests ${at(place)} AND sealed_answer IS NULL`;

export const expireRequests = (before: number): Statement =>
  sql`DELETE FROM idempotent_requests WHERE created_at < ${before}`;
