import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { ContainerState, ContainerView } from '../../domain/engine.ts';
import { SANDBOX_LABEL } from './names.ts';

const JOINED = 'container:';

export const networkModeOf = (holderId: string): string => JOINED + holderId;

/** The container whose network a container has joined; undefined for one with its own. */
export const holderOf = ({ NetworkMode = '' }: { NetworkMode?: string | undefined }): string | undefined =>
  NetworkMode.startsWith(JOINED) ? NetworkMode.slice(JOINED.length) : undefined;

/**
 * One container as the node sees it, from the engine's full description.
 * @param joinedAddress of the network it has joined
 */
export function viewOf(
  sandboxId: string,
  { State, NetworkSettings }: ContainerInspectInfo,
  joinedAddress?: string,
): ContainerView {
  const state: ContainerState = State.Paused ? 'paused' : State.Running ? 'running' : 'stopped';
  const startedAt = Date.parse(State.StartedAt);
  // The engine shows year 1 for what never was.
  const ran = startedAt > 0;
  if (state === 'stopped') {
    return { sandboxId, state, ...(ran && { exitCode: State.ExitCode, oomKilled: State.OOMKilled }) };
  }
  const address = joinedAddress ?? addressIn(NetworkSettings.Networks);
  return { sandboxId, state, startedAt, ...(address !== undefined && { address }) };
}

export const isUp = (state: string): state is 'running' | 'paused' =>
  state === 'running' || state === 'paused';

/** The sandboxes in the engine's list of an instance's containers. */
export function listedViews(listed: readonly ContainerInfo[]): ContainerView[] {
  const addresses = new Map(listed.map((info) => [info.Id, addressIn(info.NetworkSettings?.Networks)]));
  return listed.flatMap(({ Id, Labels, State, HostConfig }): ContainerView[] => {
    const sandboxId = Labels[SANDBOX_LABEL];
    if (sandboxId === undefined) return [];
    if (!isUp(State)) return [{ sandboxId, state: 'stopped' }];
    const address = addresses.get(holderOf(HostConfig) ?? Id);
    return [{ sandboxId, state: State, ...(address !== undefined && { address }) }];
  });
}

export const addressIn = (networks: Record<string, { IPAddress: string }> | undefined): string | undefined =>
  Object.values(networks ?? {})[0]?.IPAddress || undefined;
