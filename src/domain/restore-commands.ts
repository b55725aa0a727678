import type * as v from 'valibot';
import type { App } from './app.ts';
import { tidyAway } from './carry-out.ts';
import { SandboxdError, taskInProgress } from './errors.ts';
import type { Ports } from './ports.ts';
import { shorten } from './shorten.ts';
import { requireApp, requireSandbox } from './require.ts';
import { recordAfter } from './record.ts';
import { restored, restoreFailed, withdrawalOf } from './replacements.ts';
import type { Sandbox } from './sandbox.ts';
import { createWhole, newSandbox, withdrawn } from './sandbox-creation.ts';
import { captureOf, type RestoreInput, type Snapshot, SNAPSHOT_NAME_LENGTH } from './snapshot.ts';
import { newSnapshot } from './snapshot-commands.ts';
import { holderOf, madeFrom, requireReady } from './snapshot-source.ts';

const FAILURE = ['The restore failed:', 'The app is as it was.'] as const;

/**
 * Puts an app back to a snapshot: a new sandbox is made from it, and takes the place of the one there is once it runs.
 * What the old one held is captured before, and is gone after. Returns once that is done, or, when the node is away,
 * once it is ordered.
 * @throws not_found, invalid_request for a snapshot that is not ready, task_in_progress, conflict, and what the node
 * does: the app is as it was then
 */
export async function restoreApp(
  ports: Ports,
  owner: string,
  appId: string,
  input: v.InferOutput<typeof RestoreInput>,
): Promise<Sandbox> {
  const app = await requireApp(ports, owner, appId);
  const snapshot = await requireReady(ports, owner, input.snapshot_id, 'snapshot_id');
  if (app.currentSandboxId === undefined) return begin(ports, app, snapshot);
  return replace(ports, await requireSandbox(ports, owner, app.currentSandboxId), snapshot);
}

/** An app without a live sandbox has nothing to lose. */
async function begin(ports: Ports, { owner, id: appId }: App, snapshot: Snapshot): Promise<Sandbox> {
  const nodeId = await ports.nodes.place(holderOf(snapshot));
  const sandbox = newSandbox(ports, { owner, appId, nodeId, ...madeFrom(snapshot) });
  try {
    const made = await createWhole(ports, {
      sandbox,
      alongside: [],
      undo: (reason) => [...withdrawn(ports, sandbox, reason), restoreFailed(ports, sandbox, reason)],
      failure: FAILURE,
    });
    // With its node away nothing is restored yet.
    if (made.status !== 'creating') await recordAfter(ports, restored(ports, made, snapshot));
    return made;
  } finally {
    await tidyAway(ports, owner, sandbox.id);
  }
}

async function replace(ports: Ports, current: Sandbox, snapshot: Snapshot): Promise<Sandbox> {
  requireReplaceable(current, snapshot);
  const { owner } = current;
  const safety = await newSnapshot(ports, current, {
    name: safetyName(snapshot),
    cause: 'safety',
  });
  const sandbox = newSandbox(ports, {
    ...madeFrom(snapshot),
    owner,
    appId: current.appId,
    nodeId: current.nodeId,
    visibility: current.visibility,
    idlePolicy: current.idlePolicy,
    keepaliveUntil: current.keepaliveUntil,
    replaces: { sandboxId: current.id, safety: captureOf(safety) },
  });
  try {
    return await createWhole(ports, {
      sandbox,
      alongside: [{ kind: 'snapshot.insert', snapshot: safety }],
      undo: (reason) => withdrawalOf(ports, sandbox, reason),
      failure: FAILURE,
    });
  } finally {
    // One of the two is ordered absent by now, unless the node is away.
    for (const { id } of [sandbox, current]) await tidyAway(ports, owner, id);
  }
}

/** Names do not grow with each turn of going back and forth. */
function safetyName({ name, cause }: Snapshot): string {
  if (cause === 'safety') return 'Before going back to a safety copy';
  const [before, after] = ['Before restoring “', '”'] as const;
  return before + shorten(name, SNAPSHOT_NAME_LENGTH - before.length - after.length) + after;
}

function requireReplaceable(current: Sandbox, snapshot: Snapshot): void {
  if (current.activeTaskId !== undefined) throw taskInProgress(current.activeTaskId);
  if (current.status === 'creating') {
    throw new SandboxdError(
      'conflict',
      `The app's sandbox (${current.id}) is still being created. Wait until it runs, or delete it first.`,
    );
  }
  const holder = holderOf(snapshot);
  if (holder === undefined || holder === current.nodeId) return;
  throw new SandboxdError(
    'conflict',
    `The snapshot is kept on another node (${holder}) than the app's sandbox. Delete the sandbox first, so that the app starts there, or let the nodes share a store.`,
  );
}
