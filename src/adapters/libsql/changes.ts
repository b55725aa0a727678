import type { Change, ChangeOf } from '../../domain/store.ts';
import { deleteApp, insertApp, updateApp } from './apps.ts';
import { expireAudit, insertAuditEntry } from './audit.ts';
import { deleteConfig, insertConfig, markUnreadable, updateConfig } from './config.ts';
import { deleteCredential, putCredential } from './credentials.ts';
import { expireEvents, insertEvent, insertReport } from './events.ts';
import { answerRequest, claimRequest, expireRequests, releaseRequest } from './idempotency.ts';
import {
  deletePassword,
  deleteSession,
  deleteSessions,
  deleteToken,
  expireIdentity,
  forgetLoginFailures,
  insertLoginLink,
  insertSession,
  insertToken,
  noteFailedLogin,
  noteTokenUse,
  putPassword,
} from './identity.ts';
import { acknowledge, meetNode } from './nodes.ts';
import {
  insertSandbox,
  observeSandbox,
  orderSandbox,
  replaceSandbox,
  updateSandbox,
  withdrawSandbox,
} from './sandboxes.ts';
import {
  discardSnapshot,
  endSnapshot,
  forgetSnapshots,
  insertSnapshot,
  withdrawSnapshot,
} from './snapshots.ts';
import { reseal } from './sealed.ts';
import { setLifecycle } from './settings.ts';
import type { Statement } from './sql.ts';
import { endTask, insertTask, withdrawTask } from './tasks.ts';
import {
  deleteWebhook,
  expireDeliveries,
  insertWebhook,
  noteDelivery,
  retryDelivery,
  updateWebhook,
} from './webhooks.ts';

const STATEMENTS: { [Kind in Change['kind']]: (change: ChangeOf<Kind>) => readonly Statement[] } = {
  'app.insert': ({ app }) => [insertApp(app)],
  'app.update': (change) => [updateApp(change)],
  'app.delete': ({ owner, id }) => deleteApp(owner, id),
  'sandbox.insert': ({ sandbox }) => [insertSandbox(sandbox)],
  'sandbox.order': (change) => [orderSandbox(change)],
  'sandbox.replaced': replaceSandbox,
  'sandbox.withdraw': (change) => [withdrawSandbox(change)],
  'sandbox.update': (change) => [updateSandbox(change)],
  'sandbox.observed': (change) => [observeSandbox(change)],
  'snapshot.insert': (change) => [insertSnapshot(change)],
  'snapshot.end': (change) => [endSnapshot(change)],
  'snapshot.withdraw': (change) => [withdrawSnapshot(change)],
  'snapshot.discard': (change) => [discardSnapshot(change)],
  'snapshot.discarded': (change) => [forgetSnapshots(change)],
  'task.insert': (change) => [insertTask(change)],
  'task.withdraw': (change) => [withdrawTask(change)],
  'task.end': (change) => [endTask(change)],
  'credential.put': ({ credential }) => [putCredential(credential)],
  'credential.delete': ({ owner, provider }) => [deleteCredential(owner, provider)],
  'config.insert': (change) => [insertConfig(change)],
  'config.update': (change) => [updateConfig(change)],
  'config.delete': (change) => [deleteConfig(change)],
  'config.unreadable': (change) => [markUnreadable(change)],
  reseal: (change) => [reseal(change)],
  'settings.lifecycle': (change) => [setLifecycle(change)],
  'webhook.insert': (change) => [insertWebhook(change)],
  'webhook.update': updateWebhook,
  'webhook.delete': deleteWebhook,
  'delivery.note': (change) => [noteDelivery(change)],
  'delivery.retry': (change) => [retryDelivery(change)],
  audit: (change) => [insertAuditEntry(change)],
  'idempotency.claim': claimRequest,
  'idempotency.answer': (change) => [answerRequest(change)],
  'idempotency.release': (change) => [releaseRequest(change)],
  'history.expire': (change) => [expireEvents(change), expireAudit(change)],
  'leftovers.expire': ({ deliveriesBefore, requestsBefore }) => [
    expireDeliveries(deliveriesBefore),
    expireRequests(requestsBefore),
  ],
  event: ({ event }) => [insertEvent(event)],
  report: (change) => [
    meetNode(change.nodeId),
    insertReport(change),
    acknowledge(change.nodeId, change.report.seq),
  ],
  'token.insert': (change) => [insertToken(change)],
  'token.delete': (change) => [deleteToken(change)],
  'token.used': (change) => [noteTokenUse(change)],
  'password.put': ({ password }) => [putPassword(password)],
  'password.delete': ({ owner }) => [deletePassword(owner)],
  'sessions.delete': deleteSessions,
  'login.failed': noteFailedLogin,
  'login.succeeded': ({ scope }) => [forgetLoginFailures(scope)],
  'session.insert': ({ session }) => [insertSession(session)],
  'session.delete': ({ hash }) => [deleteSession(hash)],
  'login-link.insert': ({ link }) => [insertLoginLink(link)],
  'identity.expire': ({ now }) => expireIdentity(now),
};

/** The statements of one change, to run in order within one batch. */
export function statementsOf(change: Change): readonly Statement[] {
  // The table pairs each kind with its own change, which the type of a lookup by kind cannot carry.
  const toStatements = STATEMENTS[change.kind] as (change: Change) => readonly Statement[];
  return toStatements(change);
}
