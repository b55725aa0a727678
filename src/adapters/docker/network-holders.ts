import type Docker from 'dockerode';
import type { ContainerInfo } from 'dockerode';
import { IMAGE_MISSING, engineCall, tolerate } from './call.ts';
import { holderOptions } from './holder-options.ts';
import { imageDigest } from './local-image.ts';
import { HOLDER_LABEL, type Names } from './names.ts';
import type { Network } from './network.ts';
import { addressIn, holderOf, isUp } from './view.ts';

/** What is kept ready: a start takes one, and starts come in small crowds. Each costs the engine some 10 MB. */
const SPARES = 3;
/** Their containers find the network that they join as its holder does. Others take it over, each in its own way. */
export const SHARING_RUNTIMES = ['runc', 'io.containerd.runc.v2', 'crun', 'youki', 'nvidia'];
/** Milliseconds after a start in which none is made: that would take the machine away from what has just started. */
const QUIET = 1500;
/** Milliseconds after which everything is looked at although nothing seems to be missing. */
const REVIEW = 30_000;

/** A network namespace on the sandboxes' bridge, held by a container that does nothing else. */
export interface NetworkHolder {
  readonly id: string;
  readonly address: string;
  /** An image that a tag no longer names cannot be removed while one runs from it. */
  readonly imageId: string;
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

  /**
   * Makes what is missing of the spares and removes what nobody uses. Concurrent calls share one.
   * @param isShareable whether sandboxes can use any; if not, all that is done is to remove
   */
  async keep(image: string, isShareable: boolean): Promise<void> {
    const wanted = isShareable ? SPARES : 0;
    const isComplete = this.#spares.length >= wanted && performance.now() - this.#reviewedAt < REVIEW;
    if (isComplete || this.#isBusy()) return;
    this.#keeping ??= this.#review(image, wanted).finally(() => {
      this.#keeping = undefined;
    });
    await this.#keeping;
  }

  /** Removes every one that no running container uses, spares included. */
  async removeUnused(): Promise<void> {
    await this.#keeping?.catch(() => {
      // Who asked for them is told.
    });
    this.forget();
    const { holders, users } = await this.#look();
    const used = new Set(users.filter(({ State }) => isUp(State)).map(({ holder }) => holder));
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

  #isBusy(): boolean {
    return performance.now() - this.#takenAt < QUIET;
  }

  async #review(image: string, wanted: number): Promise<void> {
    const [networkId, imageId] = await Promise.all([this.#network.id(), imageDigest(this.#docker, image)]);
    const { holders, users } = await this.#look();
    const standing = new Set(holders.filter((info) => stands(info, networkId)).map(({ Id }) => Id));
    const fit = this.#spares.filter((spare) => standing.has(spare.id) && spare.imageId === imageId);
    this.#spares.splice(0, Infinity, ...fit);
    const kept = new Set([...users.map(({ holder }) => holder), ...this.#taken, ...fit.map(({ id }) => id)]);
    const useless = holders.filter(({ Id }) => !standing.has(Id) || !kept.has(Id));
    await Promise.all(useless.map(({ Id }) => this.remove(Id)));
    const stranded = users.filter(({ holder, State }) => isUp(State) && !standing.has(holder));
    await Promise.all(stranded.map(({ id }) => this.#end(id)));
    while (this.#spares.length < wanted && !this.#isBusy()) this.#spares.push(await this.#make(imageId));
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
    const users = found.flatMap(({ Id, State, HostConfig }) => {
      const holder = holderOf(HostConfig);
      return holder === undefined ? [] : [{ id: Id, State, holder }];
    });
    return { holders, users };
  }

  async #make(imageId: string): Promise<NetworkHolder> {
    const networkId = await this.#network.id();
    const options = holderOptions(this.#names, imageId, networkId);
    const container = await engineCall(
      (abortSignal) => this.#docker.createContainer({ ...options, abortSignal }),
      { meaning: IMAGE_MISSING },
    );
    try {
      await engineCall((abortSignal) => container.start({ abortSignal }));
      const address = await this.addressOf(container.id);
      if (address === undefined) throw new Error('A network holder ended as it started.');
      return { id: container.id, address, imageId };
    } catch (error) {
      // It may be that the network has gone.
      this.#network.forget();
      await this.remove(container.id);
      throw error;
    }
  }
}

/** Whether it runs, on the network that sandboxes are on now: not on one that has been made anew since. */
const stands = (info: ContainerInfo, networkId: string): boolean =>
  isUp(info.State) &&
  Object.values(info.NetworkSettings?.Networks ?? {}).some(({ NetworkID }) => NetworkID === networkId);
