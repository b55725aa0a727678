import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { type ContainerSpec, type ResourceLimits, SANDBOX_CA_FILE } from '../../domain/engine.ts';
import { CONTROL_DIRECTORY, PROVIDER_DIRECTORY, SANDBOX_HOME, SANDBOX_UID } from '../../domain/runtimed.ts';
import type { HomeMount } from '../../domain/workspace.ts';
import { type Names, SPEC_LABEL, fingerprint } from './names.ts';
import { overlayOptions } from './overlay.ts';
import { networkModeOf } from './view.ts';

/** What of the engine a container is made for. */
export interface Placement {
  /** An id: unlike a name it also tells a network from its successor. */
  readonly networkId: string;
  readonly cpus: number;
  /** A container whose network is joined, instead of setting one up. */
  readonly holderId?: string | undefined;
}

/** What no container of this instance goes without. */
export const CONFINEMENT = {
  ReadonlyRootfs: true,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  Privileged: false,
  RestartPolicy: { Name: 'no' },
} satisfies HostConfig;

/** The same for all: a container that joins a network has its hostname, too. */
export const HOSTNAME = 'sandbox';

/**
 * The engine's form of a specification. Its SPEC_LABEL differs whenever anything else in it does, save for whose network
 * it joins.
 */
export function containerOptions(
  names: Names,
  spec: ContainerSpec,
  placement: Placement,
): ContainerCreateOptions {
  const options: ContainerCreateOptions = {
    name: names.container(spec.sandboxId),
    Image: spec.image,
    Hostname: HOSTNAME,
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    // runtimed tells how the app does; an image's own check would only cost CPU.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...hardening(spec.limits, placement),
      Mounts: mounts(names, spec),
      NetworkMode: placement.networkId,
      ...(spec.runtime !== undefined && { Runtime: spec.runtime }),
    },
  };
  const labels = { ...names.labels(spec.sandboxId), [SPEC_LABEL]: fingerprint(options) };
  const { holderId } = placement;
  return { ...options, Labels: labels, ...(holderId !== undefined && joining(holderId, options)) };
}

/** The engine takes no hostname for a container that shares another's. */
const joining = (holderId: string, { HostConfig }: ContainerCreateOptions): ContainerCreateOptions => ({
  Hostname: undefined,
  HostConfig: { ...HostConfig, NetworkMode: networkModeOf(holderId) },
});

function hardening(limits: ResourceLimits, { cpus }: Placement): HostConfig {
  const openFiles = { Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles };
  return {
    ...CONFINEMENT,
    Memory: limits.memoryBytes,
    // Equal to Memory: no swap on top of it.
    MemorySwap: limits.memoryBytes,
    // The engine refuses more than the machine has.
    NanoCpus: Math.round(Math.min(limits.cpus, cpus) * 1e9),
    PidsLimit: limits.pids,
    Ulimits: [openFiles, { Name: 'core', Soft: 0, Hard: 0 }],
    // When the machine itself runs out of memory, sandboxes go before the services that look after them.
    OomScoreAdj: 500,
    Tmpfs: {
      '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${scratchBytes(limits, 2)}`,
      '/var/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${scratchBytes(limits, 8)}`,
    },
    // Reaps what a task's tools leave behind; runtimed itself cannot wait for children that are not its own.
    Init: true,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
  };
}

/** A part of the memory limit, which what lies in a tmpfs counts against. */
const scratchBytes = (limits: ResourceLimits, part: number): number => Math.floor(limits.memoryBytes / part);

function mounts(names: Names, spec: ContainerSpec): MountSettings[] {
  const control = bind(spec.controlDirectory, CONTROL_DIRECTORY);
  const provider = readOnly(spec.providerDirectory, PROVIDER_DIRECTORY);
  const ca = spec.caFile === undefined ? [] : [readOnly(spec.caFile, SANDBOX_CA_FILE)];
  return [homeMount(names, spec.sandboxId, spec.home), control, provider, ...ca];
}

const bind = (source: string, target: string): MountSettings => ({
  Type: 'bind',
  Source: source,
  Target: target,
});

const readOnly = (source: string, target: string): MountSettings => ({
  ...bind(source, target),
  ReadOnly: true,
});

/** An overlay is a volume declared in place: the engine makes it with the container, in one call. */
function homeMount(names: Names, sandboxId: string, home: HomeMount): MountSettings {
  if (home.kind === 'bind') return bind(home.path, SANDBOX_HOME);
  const options = overlayOptions(home);
  return {
    Type: 'volume',
    Source: names.volume(sandboxId, options),
    Target: SANDBOX_HOME,
    VolumeOptions: {
      NoCopy: true,
      Labels: names.labels(sandboxId),
      DriverConfig: { Name: 'local', Options: options },
    },
  };
}
