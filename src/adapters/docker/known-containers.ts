import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { SandboxdError, notFound } from '../../domain/errors.ts';
import { tolerate } from './call.ts';
import { INSTANCE_LABEL, type Names } from './names.ts';
import { holderOf } from './view.ts';

export const NAME_TAKEN =
  "A container that is not this instance's has the name this sandbox needs. Rename or remove it.";

/** What of a container does not change as long as there is one. */
export interface KnownContainer {
  readonly id: string;
  /** Whose network it has joined; undefined for one with its own. */
  readonly holderId: string | undefined;
  /** Of that network, where it is known. */
  readonly address: string | undefined;
}

/** Finds an instance's containers by the names that sandbox ids give them, and remembers them to save calls. */
export class KnownContainers {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #known = new Map<string, KnownContainer>();

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /** One that was just made. */
  add(sandboxId: string, container: KnownContainer): void {
    this.#known.set(sandboxId, container);
  }

  forget(sandboxId: string): void {
    this.#known.delete(sandboxId);
  }

  /** As the engine has it now. @throws conflict when the name is a stranger's */
  async find(sandboxId: string): Promise<ContainerInspectInfo | undefined> {
    const found = await tolerate([404], (abortSignal) =>
      this.#docker.getContainer(this.#names.container(sandboxId)).inspect({ abortSignal }),
    );
    const before = this.#known.get(sandboxId);
    this.#known.delete(sandboxId);
    if (found === undefined) return undefined;
    if (found.Config.Labels[INSTANCE_LABEL] !== this.#names.instance)
      throw new SandboxdError('conflict', NAME_TAKEN);
    const address = before?.id === found.Id ? before.address : undefined;
    this.#known.set(sandboxId, { id: found.Id, holderId: holderOf(found.HostConfig), address });
    return found;
  }

  /** From memory where it is known. @throws conflict */
  async lookUp(sandboxId: string): Promise<KnownContainer | undefined> {
    if (!this.#known.has(sandboxId)) await this.find(sandboxId);
    return this.#known.get(sandboxId);
  }

  /** The container to act on, by its id: a name could be a stranger's. @throws conflict */
  async target(sandboxId: string): Promise<Docker.Container | undefined> {
    const known = await this.lookUp(sandboxId);
    return known && this.#docker.getContainer(known.id);
  }

  /** @throws not_found, conflict */
  async existing(sandboxId: string): Promise<Docker.Container> {
    const container = await this.target(sandboxId);
    if (container === undefined) throw notFound('container');
    return container;
  }
}
