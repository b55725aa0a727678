import { outdatedConfigs } from './config-delivery.ts';
import { type NodeReport, orderOf, type SyncAnswer, type SyncRequest } from './node.ts';
import type { Ports } from './ports.ts';
import { settleReplacements } from './replacements.ts';
import { applyRetention } from './retention.ts';
import { lifecycleOf, policyOf } from './settings.ts';
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
  if (heard.observations.length > 0) await settleReplacements(ports, nodeId);
  if (heard.reports.some(({ captured }) => captured?.status === 'ready')) await applyRetention(ports);
}

/** The changes of a report. One that tells of the end of a task or of a capture ends it in the same commit. */
function taken(nodeId: string, eventId: string, report: NodeReport): Change[] {
  const changes: Change[] = [{ kind: 'report', nodeId, eventId, report }];
  const { taskId, ended, snapshotId, captured } = report;
  if (taskId !== undefined && ended !== undefined)
    changes.push({ kind: 'task.end', nodeId, id: taskId, end: ended });
  if (snapshotId !== undefined && captured !== undefined)
    changes.push({ kind: 'snapshot.end', nodeId, id: snapshotId, end: captured });
  return changes;
}

/** One turn of the node's loop: take over what it says, answer with everything it should have. */
export async function answerSync(ports: Ports, nodeId: string, heard: SyncRequest): Promise<SyncAnswer> {
  await ingest(ports, nodeId, heard);
  if (heard.tasks !== undefined) await endLostTasks(ports, nodeId, new Set(heard.tasks));
  if (heard.discarded !== undefined && heard.discarded.length > 0)
    await ports.store.commit({ kind: 'snapshot.discarded', nodeId, ids: heard.discarded });
  const { sandboxes, snapshots, nodes } = ports.store;
  const revisions = new Map(heard.observations.map(({ id, configRevision }) => [id, configRevision]));
  const [known, configs, lifecycle, captures, discards, acknowledged] = await Promise.all([
    sandboxes.ofNode(nodeId),
    outdatedConfigs(ports, nodeId, revisions),
    lifecycleOf(ports),
    snapshots.capturingOn(nodeId),
    snapshots.discardedOn(nodeId),
    nodes.acknowledged(nodeId),
  ]);
  return {
    orders: known.map(orderOf),
    captures,
    discards,
    configs,
    policy: policyOf(lifecycle),
    acknowledged,
  };
}
