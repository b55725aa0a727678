import type { Change } from '../../domain/store.ts';
import { deleteApp, insertApp, updateApp } from './apps.ts';
import { deleteCredential, putCredential } from './credentials.ts';
import { insertEvent, insertReport } from './events.ts';
import { deleteSession, expireIdentity, insertLoginLink, insertSession, insertToken } from './identity.ts';
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
import type { Statement } from './sql.ts';
import { endTask, insertTask, withdrawTask } from './tasks.ts';

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;

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
  event: ({ event }) => [insertEvent(event)],
  report: (change) => [
    meetNode(change.nodeId),
    insertReport(change),
    acknowledge(change.nodeId, change.report.seq),
  ],
  'token.insert': ({ token }) => [insertToken(token)],
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
