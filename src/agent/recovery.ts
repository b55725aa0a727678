import type { ContainerView } from '../domain/engine.ts';
import type { NodeAgent } from './agent.ts';
import type { AgentPorts } from './ports.ts';
import type { Records, SandboxRecord } from './records.ts';

/**
 * Makes what is on this node agree with the records: finishes what a crash cut off, follows containers that still run,
 * puts the rest to sleep. Safe to repeat at any time; done at start and whenever the engine comes back.
 */
export async function recover(agent: NodeAgent, records: Records, ports: AgentPorts): Promise<void> {
  const present = new Set((await ports.engine.list()).map((view) => view.sandboxId));
  await Promise.all(
    records.all().map(({ id }) =>
      agent.exclusively(id, async () => {
        const record = records.get(id);
        if (record === undefined) return;
        try {
          const worthAsking = present.has(id) || record.state === 'running';
          await mend(agent, record, worthAsking ? await containerOf(id, ports) : undefined);
        } catch (error) {
          // One sandbox must not keep the node from serving the others; its order is tried again with every sync.
          ports.log.error('a sandbox could not be recovered', error, { sandboxId: id });
        }
      }),
    ),
  );
}

/** As it is with the sandbox's lock held: the list is of before, and says only where to look. */
async function containerOf(id: string, { engine }: AgentPorts): Promise<ContainerView | undefined> {
  const view = await engine.inspect(id);
  return view.state === 'absent' ? undefined : view;
}

async function mend(
  agent: NodeAgent,
  record: SandboxRecord,
  container: ContainerView | undefined,
): Promise<void> {
  const { lifecycle } = agent;
  const { operation } = record;
  if (operation?.kind === 'delete') return lifecycle.destroy(record);
  if (operation?.kind === 'stop') return void (await lifecycle.resumeStop(record, operation.reason));
  if (operation?.kind === 'start') return void (await lifecycle.resumeStart(record, operation.cause));
  const runs =
    container?.state === 'running' && container.address !== undefined && container.startedAt !== undefined;
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
