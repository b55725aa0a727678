import type { NodeReads } from '../../domain/store.ts';
import { sql, type Sql, type Statement } from './sql.ts';

export const nodeReads = (database: Sql): NodeReads => ({
  async acknowledged(nodeId) {
    const [row] = await database.read<{ acknowledged: number }>(
      sql`SELECT acknowledged FROM nodes WHERE id = ${nodeId}`,
    );
    return row?.acknowledged ?? 0;
  },
});

/** Makes the row that {@link acknowledge} counts in. */
export const meetNode = (nodeId: string): Statement =>
  sql`INSERT INTO nodes (id, acknowledged) VALUES (${nodeId}, 0) ON CONFLICT DO NOTHING`;

export const acknowledge = (nodeId: string, seq: number): Statement =>
  sql`UPDATE nodes SET acknowledged = ${seq} WHERE id = ${nodeId} AND acknowledged < ${seq}`;
