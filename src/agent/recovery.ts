import type { ContainerView } from '../domain/engine.ts';
import type { NodeAgent } from './agent.ts';
import type { AgentPorts } from './ports.ts';
import { isReplaced, type Records, type SandboxRecord } from './records.ts';

/**
 * Makes what is on this node agree with the records: finishes what a crash cut off, follows containers that still run,
 * puts the rest to sleep. Safe to repeat at any time; done at start and whenever the engine comes back.
 */
export async function recover(agent: NodeAgent, records: Records, ports: AgentPorts): Promise<void> {
  const present = new Set((await ports.engine.list()).map((view) => view.sandboxId));
  const mended = (id: string) =>
    agent.exclusively(id, async () => {
      const record = records.get(id);
      if (record === undefined) return;
      try {
        const worthAsking = present.has(id) || record.state === 'running';
        await mend(agent, record, worthAsking ? await containerOf(id, ports) : undefined, ports);
      } catch (error) {
        // One sandbox must not keep the node from serving the others; its order is tried again with every sync.
        ports.log.error('a sandbox could not be recovered', error, { sandboxId: id });
      }
    });
  const work = records.all().map((record) => ({
    takesLong: takesLong(records, record),
    done: mended(record.id),
  }));
  for (const { done } of work.filter(({ takesLong }) => takesLong)) agent.putAside(done);
  await Promise.all(work.filter(({ takesLong }) => !takesLong).map(({ done }) => done));
}

/** Unpacking a snapshot may take minutes, for which the others do not wait; what it replaces waits with it. */
const takesLong = (records: Records, { id, order, operation }: SandboxRecord): boolean =>
  (order.fromSnapshotId !== undefined && operation?.kind === 'start') || isReplaced(records, id);

/** As it is with the sandbox's lock held: the list is of before, and says only where to look. */
async function containerOf(id: string, { engine }: AgentPorts): Promise<ContainerView | undefined> {
  const view = await engine.inspect(id);
  return view.state === 'absent' ? undefined : view;
}

async function mend(
  agent: NodeAgent,
  record: SandboxRecord,
  container: ContainerView | undefined,
  { engine }: Pick<AgentPorts, 'engine'>,
): Promise<void> {
  const { lifecycle } = agent;
  const { operation } = record;
  // It was captured when the node ended: with its lock held, nobody else lets it stand still.
  if (container?.state === 'paused' && record.state !== 'paused') await engine.unpause(record.id);
  if (operation?.kind === 'delete') return lifecycle.destroy(record);
  if (operation?.kind === 'stop') return void (await lifecycle.resumeStop(record, operation.reason));
  if (operation?.kind === 'start') return agent.resumeStart(record, operation.cause);
  const runs =
    (container?.state === 'running' || container?.state === 'paused') &&
    container.address !== undefined &&
    container.startedAt !== undefined;
  if (record.state === 'running' && runs) {
    const { address = '', startedAt = 0 } = container;
    if (lifecycle.live.get(record.id)?.startedAt !== startedAt)
      await lifecycle.attach(record, { address, startedAt });
    return;
  }
  if (record.state === 'running') return void (await lifecycle.stop(record, 'crash'));
  if (container !== undefined) return void (await lifecycle.stop(record, 'shutdown'));
  lifecycle.publish(record.id);
}
