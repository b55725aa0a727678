import { configOf } from './config-delivery.ts';
import { isCode } from './errors.ts';
import { orderOf, type SandboxObservation } from './node.ts';
import { ingest } from './node-sync.ts';
import type { Ports } from './ports.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Lets a sandbox's node carry out its order, and takes over what came of it. Answers what the node saw of it then: a sync
 * may have moved the row on by now.
 * @throws what the node does
 */
export async function carryOut(ports: Ports, sandbox: Sandbox): Promise<SandboxObservation | undefined> {
  const config = sandbox.desired === 'absent' ? undefined : await configOf(ports, sandbox);
  const outcome = await ports.nodes.client(sandbox.nodeId).apply(orderOf(sandbox), config);
  await ingest(ports, sandbox.nodeId, outcome);
  return outcome.observations.find(({ id }) => id === sandbox.id);
}

/** The same for a deletion that is ordered, if it is: with a node that is away, its next sync does it. */
export async function carryOutDeletion(ports: Ports, owner: string, id: string): Promise<void> {
  const ordered = await ports.store.sandboxes.findOrdered(owner, id);
  if (ordered?.desired !== 'absent') return;
  try {
    await carryOut(ports, ordered);
  } catch (error) {
    if (!isCode(error, 'node_unavailable')) throw error;
    ports.log.warn('a deletion waits for its node', { sandboxId: id, nodeId: ordered.nodeId });
  }
}

/**
 * The same after something that has succeeded or failed by itself already, whose answer this must not change: whatever
 * goes wrong here, the order stands, and the node's next sync carries it out.
 */
export async function tidyAway(ports: Ports, owner: string, id: string): Promise<void> {
  try {
    await carryOutDeletion(ports, owner, id);
  } catch (error) {
    ports.log.error('a deletion is left to the next sync', error, { sandboxId: id });
  }
}
