import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import { SANDBOX_UID } from '../../domain/runtimed.ts';
import { IMAGE_MISSING, engineCall, tolerate } from './call.ts';
import { HOSTNAME } from './container-options.ts';
import { HOLDER_LABEL, INSTANCE_LABEL, type Names } from './names.ts';
import type { Network } from './network.ts';
import { addressIn, holderOf } from './view.ts';

/** What is kept ready: a start takes one, and starts come in small crowds. Each costs a few megabytes. */
const SPARES = 3;
/** Milliseconds after a start in which none is made: that would take the machine away from what has just started. */
const QUIET = 1500;
/** Milliseconds after which everything is looked at although nothing seems to be missing. */
const REVIEW = 30_000;
/** `sleep` needs next to nothing of these. What sets a container up counts against them, too, and takes far more. */
const MEMORY_BYTES = 64 * 1024 ** 2;
const PIDS = 64;

/** A network namespace on the sandboxes' bridge, held by a container that does nothing else. */
export interface NetworkHolder {
  readonly id: string;
  readonly address: string;
}

/**
 * Networks that are set up before a sandbox needs them. Setting one up is most of the time that a container's start
 * takes; a container that joins a network of another is spared it. Each serves one sandbox, and is gone with it.
 */
export class NetworkHolders {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #network: Network;
  readonly #spares: NetworkHolder[] = [];
  /** Taken for a container that the engine does not show yet. */
  readonly #taken = new Set<string>();
  #takenAt = Number.NEGATIVE_INFINITY;
  #reviewedAt = Number.NEGATIVE_INFINITY;
  #keeping: Promise<void> | undefined;

  constructor(docker: Docker, names: Names, network: Network) {
    this.#docker = docker;
    this.#names = names;
    this.#network = network;
  }

  /** One that is ready; undefined when a container has to set up its own. Once it is used, or not, say `settle`. */
  take(): NetworkHolder | undefined {
    const holder = this.#spares.pop();
    this.#takenAt = performance.now();
    if (holder !== undefined) this.#taken.add(holder.id);
    return holder;
  }

  /** The container it was taken for exists, or never will: from here on the engine tells whether it is used. */
  settle({ id }: NetworkHolder): void {
    const forget = () => this.#taken.delete(id);
    // A review that is under way may have looked before that.
    if (this.#keeping === undefined) forget();
    else void this.#keeping.then(forget, forget);
  }

  /** One of them turned out not to run any more; the others may be gone as well. */
  forget(): void {
    this.#spares.length = 0;
  }

  /** Makes what is missing of the spares and removes what nobody uses. Concurrent calls share one. */
  async keep(image: string): Promise<void> {
    const now = performance.now();
    const isComplete = this.#spares.length >= SPARES && now - this.#reviewedAt < REVIEW;
    if (isComplete || now - this.#takenAt < QUIET) return;
    this.#keeping ??= this.#review(image).finally(() => {
      this.#keeping = undefined;
    });
    await this.#keeping;
  }

  /** Removes every one that no container uses, spares included. */
  async removeUnused(): Promise<void> {
    await this.#keeping;
    this.forget();
    const { holders, used } = await this.#look();
    await Promise.all(holders.filter(({ Id }) => !used.has(Id)).map(({ Id }) => this.remove(Id)));
  }

  async remove(id: string): Promise<void> {
    const container = this.#docker.getContainer(id);
    // 409: it is being removed already.
    await tolerate([404, 409], (abortSignal) => container.remove({ force: true, v: true, abortSignal }));
  }

  /** The address of a holder that runs. */
  async addressOf(id: string): Promise<string | undefined> {
    const found = await tolerate([404], (abortSignal) =>
      this.#docker.getContainer(id).inspect({ abortSignal }),
    );
    if (found?.State.Running !== true) return undefined;
    return addressIn(found.NetworkSettings.Networks);
  }

  async #review(image: string): Promise<void> {
    const { holders, used, users } = await this.#look();
    const alive = new Set(holders.filter(({ State }) => State === 'running').map(({ Id }) => Id));
    this.#spares.splice(0, Infinity, ...this.#spares.filter(({ id }) => alive.has(id)));
    const kept = new Set([...used, ...this.#taken, ...this.#spares.map(({ id }) => id)]);
    const useless = holders.filter(({ Id }) => !alive.has(Id) || !kept.has(Id));
    await Promise.all(useless.map(({ Id }) => this.remove(Id)));
    const stranded = users.filter(({ holder }) => !alive.has(holder));
    await Promise.all(stranded.map(({ id }) => this.#end(id)));
    while (this.#spares.length < SPARES) this.#spares.push(await this.#make(image));
    this.#reviewedAt = performance.now();
  }

  /** A sandbox whose network has gone is out of everybody's reach: its end is noticed, and it is started anew. */
  async #end(id: string): Promise<void> {
    await tolerate([404, 409], (abortSignal) => this.#docker.getContainer(id).kill({ abortSignal }));
  }

  async #look() {
    const filters = this.#names.all();
    const found = await engineCall((abortSignal) =>
      this.#docker.listContainers({ all: true, filters, abortSignal }),
    );
    const holders = found.filter(({ Labels }) => HOLDER_LABEL in Labels);
    const users = found.flatMap(({ Id, HostConfig }) => {
      const holder = holderOf(HostConfig);
      return holder === undefined ? [] : [{ id: Id, holder }];
    });
    return { holders, users, used: new Set(users.map(({ holder }) => holder)) };
  }

  async #make(image: string): Promise<NetworkHolder> {
    const networkId = await this.#network.id();
    const options = holderOptions(this.#names, image, networkId);
    const container = await engineCall(
      (abortSignal) => this.#docker.createContainer({ ...options, abortSignal }),
      { meaning: IMAGE_MISSING },
    );
    try {
      await engineCall((abortSignal) => container.start({ abortSignal }));
      const address = await this.addressOf(container.id);
      if (address === undefined) throw new Error('A network holder ended as it started.');
      return { id: container.id, address };
    } catch (error) {
      // It may be that the network has gone.
      this.#network.forget();
      await this.remove(container.id);
      throw error;
    }
  }
}

/** As confined as a sandbox, and with nothing of one: no files, no environment but the image's. */
function holderOptions(names: Names, image: string, networkId: string): ContainerCreateOptions {
  return {
    name: names.holder(),
    Image: image,
    Entrypoint: ['sleep', 'infinity'],
    Cmd: [],
    // As the first process it ignores SIGTERM: an engine that shuts down would wait for it in vain.
    StopSignal: 'SIGKILL',
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Hostname: HOSTNAME,
    Healthcheck: { Test: ['NONE'] },
    Labels: { [INSTANCE_LABEL]: names.instance, [HOLDER_LABEL]: '' },
    HostConfig: {
      NetworkMode: networkId,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: MEMORY_BYTES,
      MemorySwap: MEMORY_BYTES,
      PidsLimit: PIDS,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}
