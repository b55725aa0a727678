import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { AgentDriver } from './driver.ts';

const DRIVERS: readonly AgentDriver[] = [];

/** Every agent that can work here. Whether its program is in the image shows when it is started. */
export const agentDrivers: ReadonlyMap<AgentId, AgentDriver> = new Map(
  DRIVERS.map((driver) => [driver.id, driver]),
);
