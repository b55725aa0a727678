import type { Store } from '../../domain/store.ts';
import { appReads } from './apps.ts';
import { auditReads } from './audit.ts';
import { statementsOf } from './changes.ts';
import { configReads } from './config.ts';
import { credentialReads } from './credentials.ts';
import { eventReads } from './events.ts';
import { idempotencyReads } from './idempotency.ts';
import { identityReads } from './identity.ts';
import { nodeReads } from './nodes.ts';
import { sandboxReads } from './sandboxes.ts';
import { sealedReads } from './sealed.ts';
import { settingsReads } from './settings.ts';
import { snapshotReads } from './snapshots.ts';
import { sql, type Sql } from './sql.ts';
import { taskReads } from './tasks.ts';
import { webhookReads } from './webhooks.ts';

/** The store over any driver. The database must have been migrated. */
export const createStore = (database: Sql): Store => ({
  apps: appReads(database),
  sandboxes: sandboxReads(database),
  tasks: taskReads(database),
  snapshots: snapshotReads(database),
  events: eventReads(database),
  credentials: credentialReads(database),
  config: configReads(database),
  settings: settingsReads(database),
  webhooks: webhookReads(database),
  audit: auditReads(database),
  idempotency: idempotencyReads(database),
  sealed: sealedReads(database),
  identity: identityReads(database),
  nodes: nodeReads(database),
  async commit(...changes) {
    const statements = changes.flatMap(statementsOf);
    if (statements.length > 0) await database.batch(statements);
  },
  async ping() {
    await database.read(sql`SELECT 1`);
  },
});
