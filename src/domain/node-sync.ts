import { type NodeReport, orderOf, type SyncAnswer, type SyncRequest } from './node.ts';
import type { Ports } from './ports.ts';
import type { Change } from './store.ts';
import { endLostTasks } from './task-loss.ts';

/** Takes over what a node saw and reported, each report once. Safe to repeat. */
export async function ingest(ports: Ports, nodeId: string, heard: SyncRequest): Promise<void> {
  const at = ports.clock();
  const changes: Change[] = [
    ...heard.reports.flatMap((report) => taken(nodeId, ports.newId(), report)),
    ...heard.observations.map(
      (observation) => ({ kind: 'sandbox.observed', nodeId, observation, at }) as const,
    ),
  ];
  if (changes.length > 0) await ports.store.commit(...changes);
}

/** The changes of a report. One that tells of a task's end ends it in the same commit. */
function taken(nodeId: string, eventId: string, report: NodeReport): Change[] {
  const event: Change = { kind: 'report', nodeId, eventId, report };
  const { taskId, ended } = report;
  if (taskId === undefined || ended === undefined) return [event];
  return [event, { kind: 'task.end', nodeId, id: taskId, end: ended }];
}

/** One turn of the node's loop: take over what it says, answer with everything it should have. */
export async function answerSync(ports: Ports, nodeId: string, heard: SyncRequest): Promise<SyncAnswer> {
  await ingest(ports, nodeId, heard);
  if (heard.tasks !== undefined) await endLostTasks(ports, nodeId, new Set(heard.tasks));
  const [sandboxes, acknowledged] = await Promise.all([
    ports.store.sandboxes.ofNode(nodeId),
    ports.store.nodes.acknowledged(nodeId),
  ]);
  return { orders: sandboxes.map(orderOf), policy: ports.instance.policy, acknowledged };
}
