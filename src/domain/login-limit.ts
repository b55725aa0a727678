import { addressScope } from './address-scope.ts';
import { RateLimitedError } from './errors.ts';
import { DEFAULT_OWNER, type LoginFailures } from './identity.ts';
import type { Ports } from './ports.ts';
import { recordAfter, recorded } from './record.ts';

/** Failed logins that count together, and what comes of them. All times in milliseconds. */
interface Tier {
  readonly scope: string;
  /** So many failures cost nothing. */
  readonly free: number;
  /** What has to be waited after the last of them. Each one more doubles it. */
  readonly firstWait: number;
  readonly longestWait: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** After such a time without a failure all of them are forgotten. Longer than any wait, or waiting would begin anew. */
const MEMORY = 24 * HOUR;
/** How far the clock of another server may be ahead. What lies further ahead was counted by one that is right by now. */
const SKEW = MINUTE;

const ofAddress = (address: string | undefined): Tier => ({
  scope: `address ${addressScope(address)}`,
  free: 5,
  firstWait: MINUTE,
  longestWait: HOUR,
});

/** Against guessing from many addresses at once. It must not lock the operator out, so nobody waits long. */
const OVER_ALL: Tier = {
  scope: 'all',
  free: 100,
  firstWait: SECOND,
  longestWait: 30 * SECOND,
};

const tiersOf = (address: string | undefined): readonly Tier[] => [ofAddress(address), OVER_ALL];

/** How long to wait after so many failures. */
const waitAfter = ({ free, firstWait, longestWait }: Tier, count: number): number =>
  count < free ? 0 : Math.min(longestWait, firstWait * 2 ** (count - free));

/** How much of that is left. */
function waitLeft(tier: Tier, { count, lastAt }: LoginFailures, now: number): number {
  if (count < tier.free || lastAt > now + SKEW) return 0;
  return lastAt + waitAfter(tier, count) - now;
}

/**
 * Refuses who has to wait before the next attempt to log in. Asked before anything is compared, so that waiting cannot be
 * told from being right.
 * @param address where the attempt comes from; undefined when that is not known
 * @throws rate_limited
 */
export async function requireNoWait(ports: Ports, address: string | undefined): Promise<void> {
  const now = ports.clock();
  const waits = tiersOf(address).map(async (tier) =>
    waitLeft(tier, await ports.store.identity.loginFailures(tier.scope, now - MEMORY), now),
  );
  const wait = Math.max(...(await Promise.all(waits)));
  if (wait <= 0) return;
  const seconds = Math.ceil(wait / SECOND);
  const time = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  throw new RateLimitedError(`Too many attempts failed. Try again in ${time}.`, wait);
}

/** Counts an attempt that failed. What gets somebody to wait is recorded, at every doubling of the failures. */
export async function noteFailure(ports: Ports, address: string | undefined): Promise<void> {
  const at = ports.clock();
  const since = at - MEMORY;
  const tiers = tiersOf(address);
  const scopes = tiers.map(({ scope }) => scope);
  await ports.store.commit({ kind: 'login.failed', scopes, at, since });
  for (const tier of tiers) {
    const { count } = await ports.store.identity.loginFailures(tier.scope, since);
    if (!Number.isInteger(Math.log2(count / tier.free)) || count < tier.free) continue;
    const event = recorded(ports, 'auth.login.failed', {
      owner: DEFAULT_OWNER,
      severity: 'warning',
      message: `There were ${count} failed attempts to log in to the console. The next ones have to wait.`,
      payload: { scope: tier.scope, failures: count, wait_seconds: waitAfter(tier, count) / SECOND },
    });
    await recordAfter(ports, event);
  }
}

/** Who knows the password may begin anew. Failures over all stay: those were others. */
export const forgetFailures = ({ store }: Ports, address: string | undefined): Promise<void> =>
  store.commit({ kind: 'login.succeeded', scope: ofAddress(address).scope });
