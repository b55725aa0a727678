import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { SandboxdError, notFound } from '../../domain/errors.ts';
import type { ContainerSpec, ContainerView, StartedContainer } from '../../domain/engine.ts';
import {
  IMAGE_MISSING,
  callEngine,
  engineCall,
  engineReason,
  engineStatus,
  refusal,
  tolerate,
} from './call.ts';
import { containerOptions } from './container-options.ts';
import { KnownContainers, NAME_TAKEN } from './known-containers.ts';
import type { Network } from './network.ts';
import type { NetworkHolder, NetworkHolders } from './network-holders.ts';
import { type Names, SPEC_LABEL } from './names.ts';
import { holderOf, listedViews, viewOf } from './view.ts';
import type { Volumes } from './volumes.ts';

/** The engine answered, and would answer the same again: nothing to be gained by waiting for it. */
const NOT_STARTED = ['sandbox_unavailable', 'The container engine could not start the sandbox.'] as const;
const CREATE_MEANING = { ...IMAGE_MISSING, 400: NOT_STARTED, 500: NOT_STARTED } as const;
const START_MEANING = {
  400: NOT_STARTED,
  500: NOT_STARTED,
  409: ['conflict', 'The sandbox is paused. Unpause it instead.'],
} as const;
/** Its own, or that of a container which has gone or does not run any more; engines word that in several ways. */
const NETWORK_GONE = /network .*not found|join(ing)? network (namespace )?of/i;

export interface ContainersParts {
  readonly docker: Docker;
  readonly names: Names;
  readonly network: Network;
  readonly holders: NetworkHolders;
  readonly volumes: Volumes;
  /** CPUs of the machine; asked once, because it bounds every container. */
  readonly cpus: () => Promise<number>;
}

/** Life and death of this instance's containers, each found by the name its sandbox id gives it. */
export class Containers {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #network: Network;
  readonly #volumes: Volumes;
  readonly #cpus: () => Promise<number>;
  readonly #holders: NetworkHolders;
  readonly #known: KnownContainers;

  constructor({ docker, names, network, holders, volumes, cpus }: ContainersParts) {
    this.#docker = docker;
    this.#names = names;
    this.#network = network;
    this.#holders = holders;
    this.#volumes = volumes;
    this.#cpus = cpus;
    this.#known = new KnownContainers(docker, names);
  }

  async create(spec: ContainerSpec): Promise<void> {
    const [networkId, cpus] = await Promise.all([this.#network.id(), this.#cpus()]);
    // Theirs is the runtime that the engine takes by itself; others need not be able to share with it.
    const holder = spec.runtime === undefined ? this.#holders.take() : undefined;
    try {
      const options = containerOptions(this.#names, spec, { networkId, cpus, holderId: holder?.id });
      if (await this.#tryCreate(spec.sandboxId, options, holder)) return;
      const existing = await this.#known.find(spec.sandboxId);
      if (existing !== undefined && isAlive(existing) && isSame(existing, options)) {
        if (await this.#hasNetwork(existing)) return;
      }
      await this.remove(spec.sandboxId);
      if (await this.#tryCreate(spec.sandboxId, options, holder)) return;
      throw new SandboxdError('conflict', NAME_TAKEN);
    } finally {
      if (holder !== undefined) this.#holders.settle(holder);
    }
  }

  /** False when the name is taken. */
  async #tryCreate(
    sandboxId: string,
    options: Docker.ContainerCreateOptions,
    holder: NetworkHolder | undefined,
  ): Promise<boolean> {
    try {
      const made = await callEngine((abortSignal) =>
        this.#docker.createContainer({ ...options, abortSignal }),
      );
      this.#known.add(sandboxId, { id: made.id, holderId: holder?.id, address: holder?.address });
      return true;
    } catch (error) {
      if (engineStatus(error) === 409) return false;
      throw isRuntimeUnknown(error) ? noRuntime(error) : refusal(error, CREATE_MEANING);
    }
  }

  async start(sandboxId: string): Promise<StartedContainer> {
    await this.#startUnlessRunning(sandboxId);
    const { state, address, startedAt, exitCode } = await this.inspect(sandboxId);
    if (state === 'running' && address !== undefined && startedAt !== undefined)
      return { address, startedAt };
    if (state === 'absent') throw notFound('container');
    throw new SandboxdError(
      'sandbox_unavailable',
      `The sandbox ended as it started, with exit code ${exitCode ?? '?'}.`,
    );
  }

  async #startUnlessRunning(sandboxId: string): Promise<void> {
    const container = await this.#known.existing(sandboxId);
    try {
      await callEngine((abortSignal) => container.start({ abortSignal }));
    } catch (error) {
      const status = engineStatus(error);
      if (status === 304) return;
      if (status === 404 || NETWORK_GONE.test(engineReason(error))) {
        // The container, or the network it was made for, went behind our back: the next `create` makes both anew.
        this.#known.forget(sandboxId);
        this.#network.forget();
        this.#holders.forget();
        throw notFound('container');
      }
      throw isRuntimeUnknown(error) ? noRuntime(error) : refusal(error, START_MEANING);
    }
  }

  async stop(sandboxId: string, graceSeconds: number): Promise<void> {
    const deadline = { deadlineMs: (graceSeconds + 30) * 1000 };
    const container = await this.#known.target(sandboxId);
    await tolerate(
      [304, 404],
      async (abortSignal) => container?.stop({ t: graceSeconds, abortSignal }),
      deadline,
    );
    await this.#settled(sandboxId);
  }

  async kill(sandboxId: string): Promise<void> {
    const container = await this.#known.target(sandboxId);
    await tolerate([404, 409], async (abortSignal) => container?.kill({ abortSignal }));
    await this.#settled(sandboxId);
  }

  /** The engine reports a stop before it unmounts volumes, and locks the container meanwhile: an inspection waits. */
  async #settled(sandboxId: string): Promise<void> {
    await this.#known.find(sandboxId);
  }

  async pause(sandboxId: string): Promise<void> {
    const container = await this.#known.existing(sandboxId);
    await this.#freeze(sandboxId, 'paused', (abortSignal) => container.pause({ abortSignal }));
  }

  async unpause(sandboxId: string): Promise<void> {
    const container = await this.#known.existing(sandboxId);
    await this.#freeze(sandboxId, 'running', (abortSignal) => container.unpause({ abortSignal }));
  }

  /** Engines differ in how they refuse what is already so: what counts is the state it is in then. */
  async #freeze(
    sandboxId: string,
    wanted: 'paused' | 'running',
    request: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    try {
      await callEngine(request);
    } catch (error) {
      if (engineStatus(error) === undefined) throw error;
      const { state } = await this.inspect(sandboxId);
      if (state === wanted) return;
      if (state === 'absent') throw notFound('container');
      if (state === 'stopped')
        throw new SandboxdError('conflict', 'The sandbox is stopped.', { cause: error });
      throw refusal(error);
    }
  }

  async remove(sandboxId: string): Promise<void> {
    const known = await this.#known.lookUp(sandboxId);
    this.#known.forget(sandboxId);
    if (known !== undefined) await this.#destroy(this.#docker.getContainer(known.id));
    if (known?.holderId !== undefined) await this.#holders.remove(known.holderId);
    await this.#volumes.removeOf(sandboxId);
  }

  async #destroy(container: Docker.Container): Promise<void> {
    try {
      await callEngine((abortSignal) => container.remove({ force: true, v: true, abortSignal }));
    } catch (error) {
      if (engineStatus(error) === 404) return;
      if (engineStatus(error) !== 409) throw refusal(error);
      // Somebody is removing it already: only its absence frees the name and the volume.
      await tolerate([404], (abortSignal) => container.wait({ condition: 'removed', abortSignal }));
    }
  }

  async inspect(sandboxId: string): Promise<ContainerView> {
    const found = await this.#known.find(sandboxId);
    if (found === undefined) return { sandboxId, state: 'absent' };
    return viewOf(sandboxId, found, await this.#joinedAddress(sandboxId, found));
  }

  /** Of a container that has joined a network: that of the holder, which only changes with it. */
  async #joinedAddress(
    sandboxId: string,
    { HostConfig, State }: ContainerInspectInfo,
  ): Promise<string | undefined> {
    const holderId = holderOf(HostConfig);
    if (holderId === undefined || !State.Running) return undefined;
    return (await this.#known.lookUp(sandboxId))?.address ?? this.#holders.addressOf(holderId);
  }

  async #hasNetwork({ HostConfig }: ContainerInspectInfo): Promise<boolean> {
    const holderId = holderOf(HostConfig);
    return holderId === undefined || (await this.#holders.addressOf(holderId)) !== undefined;
  }

  async list(): Promise<ContainerView[]> {
    const filters = this.#names.all();
    const found = await engineCall((abortSignal) =>
      this.#docker.listContainers({ all: true, filters, abortSignal }),
    );
    return listedViews(found);
  }
}

const isSame = (existing: ContainerInspectInfo, { Labels }: Docker.ContainerCreateOptions): boolean =>
  existing.Config.Labels[SPEC_LABEL] === Labels?.[SPEC_LABEL];
/** A removal that the engine could not finish leaves a container that holds the name and cannot start. */
const isAlive = ({ State }: ContainerInspectInfo): boolean => !State.Dead && State.Status !== 'removing';
const isRuntimeUnknown = (error: unknown): boolean =>
  /unknown.*runtime|invalid runtime/i.test(engineReason(error));
const noRuntime = (cause: unknown) =>
  new SandboxdError('unavailable', 'The engine does not know the configured container runtime.', { cause });
