import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { AgentDriver } from './driver.ts';

/** All drivers there are: another agent is another one of them. */
export const agentDrivers: ReadonlyMap<AgentId, AgentDriver> = new Map(
  [
    late('opencode', async () => (await import('./opencode.ts')).opencode),
    late('claude-code', async () => (await import('./claude-code.ts')).claudeCode),
    late('codex', async () => (await import('./codex.ts')).codex),
  ].map((driver) => [driver.id, driver]),
);

/** A driver that is loaded when it has something to do: every sandbox would wait for it at its boot. */
function late(id: AgentId, load: () => Promise<AgentDriver>): AgentDriver {
  return {
    id,
    prepare: async (turn) => (await load()).prepare(turn),
    follow: async (pipes, turn, tell) => (await load()).follow(pipes, turn, tell),
  };
}
