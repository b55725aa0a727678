import type { Dispatcher } from 'undici';
import type { Clock } from '../../domain/ids.ts';
import type { Mask } from '../../domain/mask.ts';
import type { Upstream } from '../../domain/provider.ts';
import type { GateRequest, ProviderRefusal } from '../../domain/provider-gate.ts';
import type { TaskUsage } from '../../domain/task.ts';
import { keyMask } from './key-mask.ts';
import type { GateLimits } from './limits.ts';
import { Trouble } from './trouble.ts';
import { addUsage } from './usage.ts';
import type { WayOut } from './way-out.ts';

export interface RouteOptions {
  readonly wayOut: WayOut;
  readonly limits: GateLimits;
  readonly clock: Clock;
}

/** Where one task's requests go, and what has come of them. */
export class Route {
  readonly upstream: Upstream;
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly limits: GateLimits;
  readonly clock: Clock;
  readonly mask: Mask;
  readonly trouble: Trouble;
  readonly #request: GateRequest;
  #usage: TaskUsage;
  #refusal: ProviderRefusal | undefined;

  constructor(request: GateRequest, { wayOut, limits, clock }: RouteOptions) {
    this.#request = request;
    this.#usage = request.usage;
    this.upstream = request.upstream;
    this.url = new URL(request.upstream.baseUrl);
    this.dispatcher = wayOut.for(this.url);
    this.limits = limits;
    this.clock = clock;
    this.mask = keyMask(request.upstream.key);
    this.trouble = new Trouble(limits.maxFailures);
  }

  get usage(): TaskUsage {
    return this.#usage;
  }

  /** The one that holds for every request from now on. */
  get refusal(): ProviderRefusal | undefined {
    return this.#refusal;
  }

  spend(usage: TaskUsage): void {
    if (usage.total === 0 && usage.cost === 0) return;
    this.#usage = addUsage(this.#usage, usage);
    this.#request.onUsage(this.#usage);
  }

  refuse(refusal: ProviderRefusal): void {
    if (this.#refusal !== undefined) return;
    if (refusal.isFinal) this.#refusal = refusal;
    this.#request.onRefusal(refusal);
  }
}
