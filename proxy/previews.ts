import type { Clock } from '../src/domain/ids.ts';
import type { PreviewTarget } from '../src/domain/preview.ts';
import { type Answer, type AnswerContext, answer, NOT_FOUND } from './answer.ts';
import { forward, type Relay } from './exchange.ts';
import type { HoldingArea } from './hold.ts';
import type { Limits } from './limits.ts';
import { PRIVATE, type PrivateAccess } from './private.ts';
import { splitToken } from './secrets.ts';
import type { Place, RouteTable } from './table.ts';
import type { Visit } from './visit.ts';
import { ASLEEP, CROWDED, crashed, failed, warming } from './warming.ts';

export interface PreviewsOptions {
  readonly table: RouteTable;
  readonly holding: HoldingArea;
  readonly access: PrivateAccess;
  readonly relay: Relay;
  readonly context: AnswerContext;
  readonly limits: Limits;
  readonly holdLimitMs: number;
  readonly tls: boolean;
  readonly monotonic: Clock;
  /** Somebody waits for this sandbox. */
  readonly onWake: (sandboxId: string) => void;
}

/** A visit that was held and finds its sandbox asleep again asks once more, for a pause that became a stop. */
const WAKES_PER_VISIT = 2;

/** Decides what becomes of a visit to a preview host. */
export class Previews {
  readonly #options: PreviewsOptions;

  constructor(options: PreviewsOptions) {
    this.#options = options;
  }

  /** Also called anew for a visit that was held: whatever has changed meanwhile counts. */
  serve(visit: Visit, target: PreviewTarget): void {
    const place = this.#options.table.find(target.sandboxId);
    if (!place?.route.ports.includes(target.port)) {
      answer(visit, NOT_FOUND, this.#options.context);
      return;
    }
    const { url, token } = splitToken(visit.url);
    visit.url = url;
    if (token === undefined) this.#authorise(visit, target, place);
    else void this.#redeem(visit, target, token);
  }

  /** Turns a token in the address into a cookie, so that it is gone before anything of the tenant's runs. */
  async #redeem(visit: Visit, target: PreviewTarget, token: string): Promise<void> {
    const { access, tls, context } = this.#options;
    const expiresAt = await access.verify(token, target);
    const readsOnly = visit.req.method === 'GET' || visit.req.method === 'HEAD';
    if (expiresAt === undefined || !readsOnly || visit.isUpgrade) return this.serve(visit, target);
    // Absolute, because a target that begins with two slashes would lead elsewhere.
    const location = `${tls ? 'https' : 'http'}://${visit.host}${visit.url}`;
    const headers = { Location: location, 'Set-Cookie': access.cookies(token, expiresAt) };
    answer(visit, { status: 302, text: 'Welcome.', headers }, context);
  }

  #authorise(visit: Visit, target: PreviewTarget, place: Place): void {
    if (place.route.visibility === 'public') return this.#pass(visit, target, place);
    const allowed = this.#options.access.allows(visit.req.headers.cookie, target);
    if (allowed === true) this.#pass(visit, target, place);
    else if (allowed === false) this.#refuse(visit, place, PRIVATE);
    else void this.#afterCheck(allowed, visit, target, place);
  }

  async #afterCheck(
    allowed: Promise<boolean>,
    visit: Visit,
    target: PreviewTarget,
    place: Place,
  ): Promise<void> {
    if (await allowed) this.serve(visit, target);
    else this.#refuse(visit, place, PRIVATE);
  }

  #pass(visit: Visit, target: PreviewTarget, place: Place): void {
    const { state, address, isPageless } = place.route;
    if (state === 'live' && address !== undefined) {
      const to = { pool: place.pool(target.port), meter: place.meter, isPageless };
      forward(visit, to, this.#options.relay);
    } else if (state === 'failed') {
      this.#failed(visit, place);
    } else if (state === 'crashed') {
      this.#refuse(visit, place, crashed(place.route));
    } else {
      this.#asleep(visit, target, place);
    }
  }

  #asleep(visit: Visit, target: PreviewTarget, place: Place): void {
    const { state } = place.route;
    if (!visit.holds) return this.#refuse(visit, place, ASLEEP);
    const asking = state !== 'waking' && !this.#wasAsked(place, this.#options.holdLimitMs);
    if (asking && ++visit.wakes > WAKES_PER_VISIT) return this.#refuse(visit, place, warming(place.route));
    if (visit.isNavigation && state !== 'paused') this.#refuse(visit, place, warming(place.route));
    else this.#hold(visit, target, place);
    // Last, so that nobody misses what comes of it.
    if (asking) this.#askToWake(visit, place);
  }

  /**
   * Shows the failure, and lets a person who comes back try again: a navigation asks for a wake when neither a failure
   * nor a wake is more recent than `failedRetryMs`.
   */
  #failed(visit: Visit, place: Place): void {
    const { limits, monotonic } = this.#options;
    const { failedRetryMs } = limits;
    const settled = monotonic() - place.changedAt >= failedRetryMs;
    const retried = place.wakeAskedAt !== undefined;
    if (!visit.isNavigation || !visit.holds || !(settled || retried)) {
      return this.#refuse(visit, place, failed(place.route, failedRetryMs));
    }
    this.#refuse(visit, place, warming(place.route));
    if (!this.#wasAsked(place, failedRetryMs)) this.#askToWake(visit, place);
  }

  /** Whether a wake was asked for within the last `ms` and nothing has come of it yet. */
  #wasAsked({ wakeAskedAt }: Place, ms: number): boolean {
    return wakeAskedAt !== undefined && this.#options.monotonic() - wakeAskedAt < ms;
  }

  #askToWake(visit: Visit, place: Place): void {
    visit.wakeAskedAt = place.wakeAskedAt = this.#options.monotonic();
    this.#options.onWake(place.route.sandboxId);
  }

  #hold(visit: Visit, target: PreviewTarget, place: Place): void {
    const { holding, limits, holdLimitMs, monotonic } = this.#options;
    const now = monotonic();
    visit.heldUntil ??= now + (visit.isNavigation ? Math.min(limits.thawMs, holdLimitMs) : holdLimitMs);
    const left = visit.heldUntil - now;
    const expire = () => {
      // Nothing came of its asking. Whoever is next asks again, also when the timer was earlier than the clock.
      if (visit.wakeAskedAt === place.wakeAskedAt) place.wakeAskedAt = undefined;
      this.#refuse(visit, place, warming(place.route));
    };
    if (left <= 0) return expire();
    const release = () => this.serve(visit, target);
    if (!holding.hold(visit, place.waiting, left, { release, expire })) {
      this.#refuse(visit, place, CROWDED);
    }
  }

  #refuse(visit: Visit, place: Place, refusal: Answer): void {
    place.meter.refused(refusal.status);
    answer(visit, refusal, this.#options.context);
  }
}
