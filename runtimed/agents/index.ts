import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { DriverLoader } from './driver.ts';

/** All drivers there are: another agent is another one of them. */
export const agentDrivers: ReadonlyMap<AgentId, DriverLoader> = new Map<AgentId, DriverLoader>([
  ['opencode', async () => (await import('./opencode.ts')).opencode],
  ['claude-code', async () => (await import('./claude-code.ts')).claudeCode],
  ['codex', async () => (await import('./codex.ts')).codex],
]);
