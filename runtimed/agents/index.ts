import type { AgentId } from '../../src/domain/coding-agent.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import type { AgentDriver } from './driver.ts';
import { opencode } from './opencode.ts';

const DRIVERS: readonly AgentDriver[] = [opencode, claudeCode, codex];

/** Every agent that can work here. Whether its program is in the image shows when it is started. */
export const agentDrivers: ReadonlyMap<AgentId, AgentDriver> = new Map(
  DRIVERS.map((driver) => [driver.id, driver]),
);
