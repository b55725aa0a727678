import { isCode, SandboxdError } from './errors.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Sandbox } from './sandbox.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change } from './store.ts';

/**
 * Lets every sandbox of a node that runs by now take the place of what it replaces, and takes back those that came to
 * nothing. Safe to repeat, also at the same time. A node's observations must have been taken over before.
 */
export async function settleReplacements(ports: Ports, nodeId: string): Promise<void> {
  for (const sandbox of await ports.store.sandboxes.replacing(nodeId)) {
    if (sandbox.status === 'error') await giveUp(ports, sandbox);
    // It may have run, and gone to sleep again, before anybody looked.
    else if (sandbox.status !== 'creating') await complete(ports, sandbox);
  }
}

async function complete(ports: Ports, sandbox: Sandbox): Promise<void> {
  const { owner, id, fromSnapshotId = '' } = sandbox;
  const snapshot = await ports.store.snapshots.find(owner, fromSnapshotId);
  try {
    await ports.store.commit(
      { kind: 'sandbox.replaced', owner, id, at: ports.clock() },
      restored(ports, sandbox, snapshot),
    );
  } catch (error) {
    if (!isCode(error, 'conflict')) throw error;
    const reason = new SandboxdError('conflict', 'The app has got another sandbox meanwhile.', {
      cause: error,
    });
    await ports.store.commit(...withdrawalOf(ports, sandbox, reason));
  }
}

/** The change that records that an app was restored by a sandbox. */
export function restored(ports: Ports, sandbox: Sandbox, snapshot: Snapshot | undefined): Change {
  const { replaces } = sandbox;
  return recorded(ports, 'snapshot.restored', {
    ...about(sandbox),
    message: `The app was restored from ${snapshot === undefined ? 'a snapshot' : `“${snapshot.name}”`}.`,
    ...(replaces !== undefined && { payload: { safety_snapshot_id: replaces.safety.id } }),
  });
}

function giveUp(ports: Ports, sandbox: Sandbox): Promise<void> {
  const message = sandbox.errorMessage ?? 'The new sandbox could not start.';
  const reason = new SandboxdError('sandbox_unavailable', message);
  return ports.store.commit(...withdrawalOf(ports, sandbox, reason));
}

/** The changes after which a sandbox does not take another one's place any more. */
export function withdrawalOf(ports: Ports, sandbox: Sandbox, reason: SandboxdError): Change[] {
  const { owner, id, replaces } = sandbox;
  if (replaces === undefined) return [];
  return [
    { kind: 'sandbox.withdraw', owner, id, at: ports.clock() },
    { kind: 'snapshot.withdraw', owner, id: replaces.safety.id },
    restoreFailed(ports, sandbox, reason),
  ];
}

/** The change that records that it was not. */
export const restoreFailed = (ports: Ports, sandbox: Sandbox, reason: SandboxdError): Change =>
  recorded(ports, 'snapshot.restore.failed', {
    ...about(sandbox),
    severity: 'error',
    message: `The app was not restored: ${reason.message}`,
    payload: { reason: reason.code },
  });

const about = ({ owner, appId, id, fromSnapshotId }: Sandbox) => ({
  owner,
  appId,
  sandboxId: id,
  snapshotId: fromSnapshotId,
});

/** The sandbox that is to take this one's place, if there is one. It is on the same node: what it replaces is there. */
export async function replacementOf(ports: Ports, sandbox: Sandbox): Promise<Sandbox | undefined> {
  const replacing = await ports.store.sandboxes.replacing(sandbox.nodeId);
  return replacing.find(({ replaces }) => replaces?.sandboxId === sandbox.id);
}

/**
 * Nothing is changed in the midst of a restore: it would be lost, or come in between.
 * @throws conflict
 */
export async function requireSettled(ports: Ports, sandbox: Sandbox): Promise<void> {
  if (sandbox.replaces === undefined && (await replacementOf(ports, sandbox)) === undefined) return;
  throw new SandboxdError(
    'conflict',
    "The sandbox's app is being restored. Wait until that has ended; deleting the new sandbox calls it off.",
  );
}
