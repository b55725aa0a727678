import type { AgentId } from '../../src/domain/coding-agent.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import type { AgentDriver } from './driver.ts';
import { opencode } from './opencode.ts';

/** All drivers there are: another agent is another one of them. */
export const agentDrivers: ReadonlyMap<AgentId, AgentDriver> = new Map(
  [opencode, claudeCode, codex].map((driver) => [driver.id, driver]),
);
