import type { Clock } from '../../domain/ids.ts';
import type { Logger } from '../../domain/log.ts';
import type { Outbound } from '../../domain/outbound.ts';
import type { GateOpening, GateRequest, ProviderGate } from '../../domain/provider-gate.ts';
import type { GateLimits } from './limits.ts';
import { Opening } from './opening.ts';
import { Route } from './route.ts';
import { WayOut } from './way-out.ts';

export interface GateOptions {
  readonly outbound: Pick<Outbound, 'caFile' | 'outboundProxy'>;
  readonly limits: GateLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way to providers over HTTP, from one socket for each sandbox. */
export class HttpProviderGate implements ProviderGate {
  readonly #wayOut: WayOut;
  readonly #options: GateOptions;
  /** The last one of each directory, or the attempt at it. */
  readonly #openings = new Map<string, Promise<Opening>>();

  /** @throws the system's error when the file of certificates cannot be read */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#wayOut = new WayOut(options.outbound);
  }

  async open(directory: string, request: GateRequest): Promise<GateOpening> {
    const { limits, clock, log } = this.#options;
    const route = new Route(request, { wayOut: this.#wayOut, limits, clock });
    const earlier = this.#openings.get(directory);
    const opening = replace(earlier, () => Opening.at(directory, route, log));
    this.#openings.set(directory, opening);
    const forget = () => {
      if (this.#openings.get(directory) === opening) this.#openings.delete(directory);
    };
    try {
      return leaving(await opening, forget);
    } catch (error) {
      forget();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#openings.values()].map(close));
    await this.#wayOut[Symbol.asyncDispose]();
  }
}

/** One after the other: what closes removes the socket by its name. */
async function replace(
  earlier: Promise<Opening> | undefined,
  open: () => Promise<Opening>,
): Promise<Opening> {
  if (earlier !== undefined) await close(earlier);
  return open();
}

/** One that could not be opened has told so to who asked for it. */
const close = (opening: Promise<Opening>): Promise<void> =>
  opening.then(
    (open) => open[Symbol.asyncDispose](),
    () => {},
  );

const leaving = (opening: Opening, forget: () => void): GateOpening => ({
  get usage() {
    return opening.usage;
  },
  get trouble() {
    return opening.trouble;
  },
  get failure() {
    return opening.failure;
  },
  async [Symbol.asyncDispose]() {
    await opening[Symbol.asyncDispose]();
    forget();
  },
});
