import type { NodeAgent } from '../agent/agent.ts';
import type { AgentPorts } from '../agent/ports.ts';
import type { Config } from '../config.ts';
import type { Ports } from '../domain/ports.ts';
import type { KeyRing } from '../domain/rotation.ts';
import type { Vault } from '../domain/vault.ts';
import type { AdminActions } from '../routes/admin/index.ts';
import { backupOf } from './backup.ts';
import { garbageOf } from './garbage.ts';
import type { Identity } from './instance.ts';
import { rotationOf } from './rotation.ts';

interface AdminParts {
  readonly config: Config;
  readonly identity: Identity;
  readonly ports: Ports;
  readonly ring: KeyRing & { readonly box: Vault };
  readonly agent: NodeAgent;
  readonly node: AgentPorts;
  readonly onShutDown: () => void;
}

/** What the command line can have this server do. */
export const adminActions = ({ onShutDown, ...parts }: AdminParts): AdminActions => ({
  pid: process.pid,
  shutDown: onShutDown,
  backup: backupOf({ ...parts, snapshots: parts.node.snapshots }),
  collectGarbage: garbageOf(parts),
  // By itself, so that nothing else hears of every secret there is.
  rotateSecrets: rotationOf({ ...parts.ports, vault: parts.ring.box }, parts.ring),
});
