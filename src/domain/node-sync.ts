import { orderOf, type SyncAnswer, type SyncRequest } from './node.ts';
import type { Ports } from './ports.ts';
import type { Change } from './store.ts';

/** Takes over what a node saw and reported, each report once. Safe to repeat. */
export async function ingest(ports: Ports, nodeId: string, heard: SyncRequest): Promise<void> {
  const at = ports.clock();
  const changes: Change[] = [
    ...heard.reports.map((report) => ({ kind: 'report', nodeId, eventId: ports.newId(), report }) as const),
    ...heard.observations.map(
      (observation) => ({ kind: 'sandbox.observed', nodeId, observation, at }) as const,
    ),
  ];
  if (changes.length > 0) await ports.store.commit(...changes);
}

/** One turn of the node's loop: take over what it says, answer with everything it should have. */
export async function answerSync(ports: Ports, nodeId: string, heard: SyncRequest): Promise<SyncAnswer> {
  await ingest(ports, nodeId, heard);
  const [sandboxes, acknowledged] = await Promise.all([
    ports.store.sandboxes.ofNode(nodeId),
    ports.store.nodes.acknowledged(nodeId),
  ]);
  return { orders: sandboxes.map(orderOf), policy: ports.instance.policy, acknowledged };
}
