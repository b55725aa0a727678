import type Docker from 'dockerode';
import { SandboxdError } from '../../domain/errors.ts';
import { callEngine, engineStatus, refusal, tolerate } from './call.ts';
import { reopenBridge, shutBridge } from './firewall.ts';
import { INSTANCE_LABEL, type Names } from './names.ts';

/** The one bridge of this instance. */
export class Network {
  readonly #docker: Docker;
  readonly #names: Names;
  #id: Promise<string> | undefined;

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /** The network's id; makes sure of network and rules on first use. */
  id(): Promise<string> {
    this.#id ??= this.#remembering(this.#ensure());
    return this.#id;
  }

  async ensure(): Promise<void> {
    this.forget();
    await this.id();
  }

  forget(): void {
    this.#id = undefined;
  }

  /** A failure is not remembered: the next use tries again. */
  async #remembering(ensured: Promise<string>): Promise<string> {
    try {
      return await ensured;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Rules come first: there is no moment at which the bridge stands without them. */
  async #ensure(): Promise<string> {
    await shutBridge(this.#names);
    return (await this.#find()) ?? (await this.#create()) ?? this.#mustFind();
  }

  async #find(): Promise<string | undefined> {
    const found = await tolerate([404], (abortSignal) =>
      this.#docker.getNetwork(this.#names.network).inspect({ abortSignal }),
    );
    if (found === undefined) return undefined;
    const wanted = this.#options();
    const isOurs = found.Labels?.[INSTANCE_LABEL] === this.#names.instance;
    const isShut = Object.entries(wanted).every(([option, value]) => found.Options?.[option] === value);
    if (isOurs && isShut) return found.Id;
    throw new SandboxdError(
      'conflict',
      `The network ${this.#names.network} is not as sandboxd makes it. Remove it.`,
    );
  }

  /** Undefined when somebody else made it meanwhile. */
  async #create(): Promise<string | undefined> {
    try {
      const made = await callEngine((abortSignal) =>
        this.#docker.createNetwork({
          Name: this.#names.network,
          CheckDuplicate: true,
          Driver: 'bridge',
          EnableIPv6: false,
          Options: this.#options(),
          Labels: { [INSTANCE_LABEL]: this.#names.instance },
          abortSignal,
        }),
      );
      return made.id;
    } catch (error) {
      if (engineStatus(error) === 409) return undefined;
      throw refusal(error);
    }
  }

  async #mustFind(): Promise<string> {
    const id = await this.#find();
    if (id === undefined)
      throw new SandboxdError('node_unavailable', 'The sandbox network could not be made.');
    return id;
  }

  #options(): Record<string, string> {
    return {
      'com.docker.network.bridge.name': this.#names.bridge,
      'com.docker.network.bridge.enable_icc': 'false',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
    };
  }

  async remove(): Promise<void> {
    this.forget();
    const network = this.#docker.getNetwork(this.#names.network);
    const attached = ['conflict', 'A sandbox is attached to the network. Remove the sandbox first.'] as const;
    if ((await this.#find()) !== undefined) {
      await tolerate([404], (abortSignal) => network.remove({ abortSignal }), {
        meaning: { 403: attached, 409: attached },
      });
    }
    await reopenBridge(this.#names);
  }
}
