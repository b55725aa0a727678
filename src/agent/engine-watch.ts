import type { NodeAgent } from './agent.ts';
import type { AgentPorts } from './ports.ts';
import { recover } from './recovery.ts';
import type { Records } from './records.ts';

/**
 * Follows the engine until the signal aborts: a container that ends by itself is a crash. What happened while nobody
 * followed, also before the first connection, is found out by a look at everything. Never throws.
 */
export async function watchEngine(
  agent: NodeAgent,
  records: Records,
  ports: AgentPorts,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of ports.engine.events(signal)) {
    if (event.type === 'disconnected') ports.log.warn('the container engine went away');
    if (event.type === 'connected') await lookOver(agent, records, ports);
    if (event.type === 'die') await ended(agent, records, ports, event.sandboxId);
  }
}

/** An engine that restarts sets up its own rules anew, and may have stopped everything. */
async function lookOver(agent: NodeAgent, records: Records, ports: AgentPorts): Promise<void> {
  try {
    await ports.engine.ensureNetwork();
    await recover(agent, records, ports);
  } catch (error) {
    ports.log.error('the node could not be looked over', error);
  }
}

async function ended(agent: NodeAgent, records: Records, { log }: AgentPorts, id: string): Promise<void> {
  try {
    // With the lock held an ordered stop has finished, and taken the sandbox off the list of live ones.
    await agent.exclusively(id, async () => {
      const record = records.get(id);
      if (record === undefined || !agent.lifecycle.live.has(id)) return;
      if (await agent.lifecycle.hasEnded(id)) await agent.lifecycle.stop(record, 'crash');
    });
  } catch (error) {
    // An engine that goes away ends its containers first: it is all looked at again once the engine is back.
    log.error('a sandbox that ended could not be put to sleep', error, { sandboxId: id });
  }
}
