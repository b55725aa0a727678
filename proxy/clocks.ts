import { type Clock, systemClock } from '../src/domain/ids.ts';

/** Both in milliseconds. */
export interface Clocks {
  /** Since the epoch: for what is told to others. It may jump. */
  readonly wall: Clock;
  /** For how long something took. It never goes back. */
  readonly monotonic: Clock;
}

export const SYSTEM_CLOCKS: Clocks = { wall: systemClock, monotonic: () => performance.now() };
