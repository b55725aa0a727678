import type { Client, InStatement, ResultSet, Transaction } from '@libsql/client/http';
import type { Sql, SqlQueries, Statement } from './sql.ts';

/** What the clients of @libsql/client have in common, whichever way they reach the database. */
export type Driver = Pick<Client, 'execute' | 'batch' | 'transaction'>;

const toDriver = ({ text, values }: Statement): InStatement => ({ sql: text, args: [...values] });

const rowsOf = <Row>({ rows }: ResultSet): Row[] => rows as unknown[] as Row[];

/** The operations of {@link Sql} on a client, failures as the driver throws them. */
export const onDriver = (driver: Driver): Sql => ({
  async read<Row>(statement: Statement) {
    return rowsOf<Row>(await driver.execute(toDriver(statement)));
  },
  async batch(statements) {
    return (await driver.batch(statements.map(toDriver), 'write')).map(rowsOf);
  },
  async tx(work) {
    const transaction = await driver.transaction('write');
    try {
      const result = await work(onTransaction(transaction));
      await transaction.commit();
      return result;
    } finally {
      // Without it, work that throws would leave the write lock taken. After a commit it does nothing.
      transaction.close();
    }
  },
});

const onTransaction = (transaction: Transaction): SqlQueries => ({
  async read<Row>(statement: Statement) {
    return rowsOf<Row>(await transaction.execute(toDriver(statement)));
  },
  async batch(statements) {
    return (await transaction.batch(statements.map(toDriver))).map(rowsOf);
  },
});
