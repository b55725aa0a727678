import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { ContainerState, ContainerView } from '../../domain/engine.ts';
import { SANDBOX_LABEL } from './names.ts';

/** One container as the node sees it, from the engine's full description. */
export function viewOf(sandboxId: string, { State, NetworkSettings }: ContainerInspectInfo): ContainerView {
  const state: ContainerState = State.Paused ? 'paused' : State.Running ? 'running' : 'stopped';
  const startedAt = Date.parse(State.StartedAt);
  // The engine shows year 1 for what never was.
  const ran = startedAt > 0;
  if (state === 'stopped') {
    return { sandboxId, state, ...(ran && { exitCode: State.ExitCode, oomKilled: State.OOMKilled }) };
  }
  return { sandboxId, state, startedAt, ...addressOf(NetworkSettings.Networks) };
}

/** One container from the engine's list; undefined for one that does not say whose it is. */
export function listedView({ Labels, State, NetworkSettings }: ContainerInfo): ContainerView | undefined {
  const sandboxId = Labels[SANDBOX_LABEL];
  if (sandboxId === undefined) return undefined;
  if (State !== 'running' && State !== 'paused') return { sandboxId, state: 'stopped' };
  return { sandboxId, state: State, ...addressOf(NetworkSettings?.Networks) };
}

function addressOf(networks: Record<string, { IPAddress: string }> | undefined): { address?: string } {
  const address = Object.values(networks ?? {})[0]?.IPAddress;
  return address ? { address } : {};
}
