import Docker from 'dockerode';
import type { AgentId } from '../../domain/coding-agent.ts';
import type {
  ContainerSpec,
  ContainerView,
  Engine,
  EngineEvent,
  EngineInfo,
  StartedContainer,
} from '../../domain/engine.ts';
import { engineCall } from './call.ts';
import { Containers } from './containers.ts';
import type { RawInfo } from './dockerode-types.ts';
import { engineEvents } from './events.ts';
import { extractFromImage } from './extract.ts';
import { removeHelpers } from './helper.ts';
import { imageAgents, imageDigest } from './local-image.ts';
import { type Names, namesOf } from './names.ts';
import { NetworkHolders, SHARING_RUNTIMES } from './network-holders.ts';
import { Network } from './network.ts';
import { probeOverlay } from './probe.ts';
import { Volumes } from './volumes.ts';

export interface DockerOptions {
  readonly socketPath: string;
  /** Tells this installation's things from any other's on the same engine: 1 to 32 characters, for good. */
  readonly instance: string;
}

/** Docker Engine from 20.10 on, over its socket; each speaks the newest API version it has. */
export class DockerEngine implements Engine {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #network: Network;
  readonly #holders: NetworkHolders;
  readonly #volumes: Volumes;
  readonly #containers: Containers;
  #info: RawInfo | undefined;

  /** @throws invalid_request when the instance's id cannot be part of an engine name */
  constructor({ socketPath, instance }: DockerOptions) {
    // Set explicitly, because otherwise the library takes them from DOCKER_HOST.
    this.#docker = new Docker({ socketPath, host: undefined, protocol: 'http' });
    this.#names = namesOf(instance);
    this.#network = new Network(this.#docker, this.#names);
    this.#holders = new NetworkHolders(this.#docker, this.#names, this.#network);
    this.#volumes = new Volumes(this.#docker, this.#names);
    this.#containers = new Containers({
      docker: this.#docker,
      names: this.#names,
      network: this.#network,
      holders: this.#holders,
      volumes: this.#volumes,
      cpus: async () => (this.#info ?? (await this.#ask())).NCPU,
    });
  }

  async info(): Promise<EngineInfo> {
    const info = await this.#ask();
    return {
      version: info.ServerVersion,
      cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
      memoryBytes: info.MemTotal,
      cpus: info.NCPU,
      runtimes: Object.keys(info.Runtimes ?? {}),
    };
  }

  async #ask(): Promise<RawInfo> {
    this.#info = await engineCall((abortSignal) => aborting(this.#docker).info({ abortSignal }));
    return this.#info;
  }

  tidy = (): Promise<void> => removeHelpers(this.#docker, this.#names);
  ensureNetwork = (): Promise<void> => this.#network.ensure();

  async keepNetworks(image: string, runtime?: string): Promise<void> {
    const { DefaultRuntime = 'runc' } = this.#info ?? (await this.#ask());
    // The holders' is the engine's own.
    await this.#holders.keep(image, runtime === undefined && SHARING_RUNTIMES.includes(DefaultRuntime));
  }

  async removeNetwork(): Promise<void> {
    await this.#holders.removeUnused();
    await this.#network.remove();
  }

  create = (spec: ContainerSpec): Promise<void> => this.#containers.create(spec);
  start = (sandboxId: string): Promise<StartedContainer> => this.#containers.start(sandboxId);
  stop = (sandboxId: string, graceSeconds: number): Promise<void> =>
    this.#containers.stop(sandboxId, graceSeconds);
  kill = (sandboxId: string): Promise<void> => this.#containers.kill(sandboxId);
  pause = (sandboxId: string): Promise<void> => this.#containers.pause(sandboxId);
  unpause = (sandboxId: string): Promise<void> => this.#containers.unpause(sandboxId);
  remove = (sandboxId: string): Promise<void> => this.#containers.remove(sandboxId);
  inspect = (sandboxId: string): Promise<ContainerView> => this.#containers.inspect(sandboxId);
  list = (): Promise<readonly ContainerView[]> => this.#containers.list();

  events(signal: AbortSignal): AsyncIterable<EngineEvent> {
    return engineEvents(this.#docker, this.#names, signal);
  }

  imageDigest = (reference: string): Promise<string> => imageDigest(this.#docker, reference);
  imageAgents = (reference: string): Promise<ReadonlySet<AgentId>> => imageAgents(this.#docker, reference);

  extract(image: string, path: string, intoDirectory: string, signal?: AbortSignal): Promise<void> {
    return extractFromImage(this.#docker, this.#names, { image, path }, intoDirectory, signal);
  }

  probeOverlay(image: string, directory: string): Promise<boolean> {
    return probeOverlay(this.#docker, this.#names, image, directory);
  }

  listVolumes = (): Promise<readonly string[]> => this.#volumes.list();
  removeVolume = (sandboxId: string): Promise<void> => this.#volumes.removeOf(sandboxId);
}

/** The library can abort this call too; its type definitions do not say so. */
const aborting = (docker: Docker): { info(options: { abortSignal: AbortSignal }): Promise<RawInfo> } =>
  docker;
