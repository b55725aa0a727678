import { timestamp } from '../domain/ids.ts';
import type { SandboxOrder } from '../domain/node.ts';

/** Why an order keeps its sandbox from idle sleep, for people; empty when it does not. */
export function orderedAwake({ idlePolicy, keepaliveUntil = 0 }: SandboxOrder, now: number): string[] {
  return [
    ...(idlePolicy === 'always_on' ? ['it is always on'] : []),
    ...(keepaliveUntil > now ? [`a keepalive lasts until ${timestamp(keepaliveUntil)}`] : []),
  ];
}
