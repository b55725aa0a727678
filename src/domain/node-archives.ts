import type { NodeSnapshots } from './capture.ts';
import { isCode } from './errors.ts';
import type { Ports } from './ports.ts';

/**
 * Lets a node remove the archives of snapshots whose deletion is ordered. With a node that is away they go with its next
 * sync.
 */
export async function removeArchives(ports: Ports, nodeId: string, ids: readonly string[]): Promise<void> {
  const removed = await askNode(ports, nodeId, async (node) => {
    await node.discard(ids);
    return ids;
  });
  if (removed !== undefined) await ports.store.commit({ kind: 'snapshot.discarded', nodeId, ids: removed });
}

/** What a node says, or undefined when it, or the store of its archives, is away: its next sync mends that. */
export async function askNode<T>(
  ports: Ports,
  nodeId: string,
  question: (node: NodeSnapshots) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await question(ports.nodes.client(nodeId).snapshots);
  } catch (error) {
    if (isCode(error, 'node_unavailable') || isCode(error, 'unavailable')) return undefined;
    throw error;
  }
}
