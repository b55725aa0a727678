import type Docker from 'dockerode';
import { engineCall, tolerate } from './call.ts';
import { type Names, SANDBOX_LABEL } from './names.ts';

const IN_USE = {
  meaning: { 409: ['conflict', 'A container uses the volume. Remove the container first.'] },
} as const;

/** The overlay volumes of this instance. They are made in place with their containers (see container-options). */
export class Volumes {
  readonly #docker: Docker;
  readonly #names: Names;

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /** The sandboxes that have one. */
  async list(): Promise<string[]> {
    const volumes = await this.#labelled();
    return [...new Set(volumes.flatMap((volume) => volume.Labels[SANDBOX_LABEL] ?? []))];
  }

  /** All of one sandbox: there may be one for each mount it ever had. @throws conflict */
  async removeOf(sandboxId: string): Promise<void> {
    for (const { Name } of await this.#labelled(sandboxId)) await this.remove(Name);
  }

  async remove(name: string): Promise<void> {
    await tolerate([404], (abortSignal) => this.#docker.getVolume(name).remove({ abortSignal }), IN_USE);
  }

  async #labelled(sandboxId?: string): Promise<Docker.VolumeInspectInfo[]> {
    const filters = this.#names.filter(sandboxId);
    const { Volumes } = await engineCall((abortSignal) => this.#docker.listVolumes({ filters, abortSignal }));
    // Engines answer null where there are none.
    return Volumes ?? [];
  }
}
