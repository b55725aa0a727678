import type * as v from 'valibot';
import type { CaptureProgress } from './capture.ts';
import { isCode, notFound, SandboxdError } from './errors.ts';
import { parseId } from './ids.ts';
import { askNode, removeArchives } from './node-archives.ts';
import { inTime } from './pause.ts';
import type { Ports } from './ports.ts';
import { requireSettled } from './replacements.ts';
import { requireSandbox, requireSnapshot } from './require.ts';
import { discardOf } from './retention.ts';
import type { Sandbox } from './sandbox.ts';
import { viewSandbox } from './sandbox-view.ts';
import { requireUnused } from './snapshot-source.ts';
import { captureOf, type NewSnapshot, type Snapshot } from './snapshot.ts';

/** How long a request waits for a capture to end, in milliseconds: the fronts of most installations give up at 60 s. */
const PATIENCE_MS = 55_000;
/** How often, and how many times, a row is read again for a report that is on its way. */
const REPORT_POLL_MS = 50;
const REPORT_POLLS = 40;

/** The row of a capture that is about to begin. */
export async function newSnapshot(
  ports: Ports,
  source: Sandbox,
  fields: Pick<Snapshot, 'name' | 'cause'> & { readonly live?: boolean },
): Promise<Snapshot> {
  const { preset, template, ports: previewed } = source;
  return {
    live: false,
    ...fields,
    id: ports.newId(),
    owner: source.owner,
    status: 'capturing',
    sourceSandboxId: source.id,
    sourceAppId: source.appId,
    parentSnapshotId: await ports.store.snapshots.parentOf(source.owner, source.id),
    nodeId: source.nodeId,
    blueprint: { preset, template, ports: previewed },
    visibility: source.visibility,
    createdAt: ports.clock(),
  };
}

/**
 * Begins a capture. With a node that is away it begins with the node's next sync.
 * @throws not_found, conflict for a sandbox that runs while `live` is not set, or that cannot be captured now
 */
export async function beginCapture(
  ports: Ports,
  owner: string,
  input: v.InferOutput<typeof NewSnapshot>,
): Promise<Snapshot> {
  const id = parseId(input.source_sandbox_id);
  if (id === undefined) throw notFound('sandbox');
  const source = await requireSandbox(ports, owner, id);
  await requireCapturable(ports, source, input.live);
  const { name, live } = input;
  const snapshot = await newSnapshot(ports, source, { name, live, cause: 'manual' });
  await ports.store.commit({ kind: 'snapshot.insert', snapshot });
  try {
    await ports.nodes.client(snapshot.nodeId).snapshots.capture(captureOf(snapshot));
  } catch (error) {
    if (!isCode(error, 'node_unavailable')) {
      await ports.store.commit({ kind: 'snapshot.withdraw', owner, id: snapshot.id });
      throw error;
    }
    ports.log.warn('a capture waits for its node', { snapshotId: snapshot.id, nodeId: snapshot.nodeId });
  }
  return snapshot;
}

/** The node says the same, and has the last word; to ask before leaves no trace of what cannot be. */
async function requireCapturable(ports: Ports, source: Sandbox, live: boolean): Promise<void> {
  await requireSettled(ports, source);
  const { status } = (await viewSandbox(ports, source)).sandbox;
  if (status === 'creating') {
    throw new SandboxdError('conflict', 'The sandbox is still being created. Wait until it runs.');
  }
  if (status === 'running' && !live) {
    throw new SandboxdError(
      'conflict',
      'The sandbox runs. Stop it first, or set live to true to capture it as it runs.',
    );
  }
}

/**
 * The same, and waits for its end: for most of a minute, so that the answer is `ready` for all but very large
 * workspaces. Answers the row as it is then.
 */
export async function captureSnapshot(
  ports: Ports,
  owner: string,
  input: v.InferOutput<typeof NewSnapshot>,
): Promise<Snapshot> {
  const snapshot = await beginCapture(ports, owner, input);
  if (await settles(ports, snapshot)) await reported(ports, snapshot);
  return requireSnapshot(ports, owner, snapshot.id);
}

/** Whether a capture ends while anybody waits. */
async function settles(ports: Ports, { id, nodeId }: Snapshot): Promise<boolean> {
  const waiting = new AbortController();
  try {
    const end = ports.nodes.client(nodeId).snapshots.settled(id, waiting.signal);
    const ended = end.then(() => true);
    return (await inTime(ended, PATIENCE_MS, ports.pause)) ?? false;
  } catch (error) {
    // A node that goes away meanwhile tells later.
    if (isCode(error, 'node_unavailable')) return false;
    throw error;
  } finally {
    waiting.abort();
  }
}

/** The node reports an end with a sync of its own, at once: this gives that a moment to arrive. */
async function reported(ports: Ports, { owner, id }: Snapshot): Promise<void> {
  const { signal } = new AbortController();
  for (let polls = 0; polls < REPORT_POLLS; polls += 1) {
    const row = await ports.store.snapshots.find(owner, id);
    if (row?.status !== 'capturing') return;
    await ports.pause(REPORT_POLL_MS, signal);
  }
}

/** How far those captures have come that are under way, by snapshot. Nothing is told of a node that does not answer. */
export async function captureProgress(
  ports: Ports,
  snapshots: readonly Snapshot[],
): Promise<ReadonlyMap<string, CaptureProgress>> {
  const capturing = snapshots.filter(({ status }) => status === 'capturing');
  const byNode = Map.groupBy(capturing, ({ nodeId }) => nodeId);
  const told = await Promise.all(
    [...byNode].map(([nodeId, of]) =>
      askNode(ports, nodeId, (node) => node.progress(of.map(({ id }) => id))),
    ),
  );
  return new Map(told.flatMap((of) => of ?? []).map((progress) => [progress.id, progress]));
}

/**
 * Deletes a snapshot. What was made from it stays. Its archive goes at once, or, when its node is away, with the node's
 * next sync.
 * @throws not_found, conflict while it is being captured, and while something is made from it
 */
export async function deleteSnapshot(ports: Ports, owner: string, id: string): Promise<void> {
  const snapshot = await requireSnapshot(ports, owner, id);
  requireEnded(snapshot);
  await requireUnused(ports, snapshot);
  await ports.store.commit(...discardOf(ports, snapshot, 'user'));
  await removeArchives(ports, snapshot.nodeId, [snapshot.id]);
}

/** @throws conflict while it is being captured */
export function requireEnded({ status }: Snapshot): void {
  if (status !== 'capturing') return;
  throw new SandboxdError('conflict', 'The snapshot is still being captured. Wait until that has ended.');
}
