import * as v from 'valibot';
import { invalid } from './errors.ts';
import type { Ports } from './ports.ts';
import type { Sandbox } from './sandbox.ts';
import { changeSandbox } from './sandbox-commands.ts';
import { lifecycleOf } from './settings.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const MOMENT = 'must be unix seconds, or a time like 2030-01-02T03:04:05Z';

/** Milliseconds since the epoch; not a number for what is no moment. */
const momentOf = (given: number | string): number => {
  if (typeof given === 'number') return given * 1000;
  return RFC_3339.test(given) ? Date.parse(given) : Number.NaN;
};

export const Keepalive = v.object({
  until: v.optional(
    v.pipe(
      v.union([v.number(), v.string()], MOMENT),
      v.check((given) => Number.isFinite(momentOf(given)), MOMENT),
    ),
  ),
  seconds: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
    ),
  ),
});

/**
 * Keeps a sandbox awake that would otherwise sleep, until then or as long as the settings allow at most. Takes the place of a
 * keepalive that is there already, whichever ends later. One that sleeps goes on sleeping.
 * @throws invalid_request, also when the settings allow none; not_found, conflict, node_unavailable (the order stands)
 */
export async function keepAlive(
  ports: Ports,
  owner: string,
  id: string,
  input: v.InferOutput<typeof Keepalive>,
): Promise<Sandbox> {
  const now = ports.clock();
  const until = askedMoment(input, now);
  const { keepaliveMaxSeconds } = await lifecycleOf(ports);
  if (keepaliveMaxSeconds === 0)
    throw invalid(
      'Keepalives are off here: lifecycle.keepalive_max_seconds is 0. An operator can raise it with PATCH /v1/settings; idle_policy always_on keeps a sandbox awake without one.',
    );
  const keepaliveUntil = Math.min(Math.round(until), now + keepaliveMaxSeconds * 1000);
  return changeSandbox(ports, owner, id, { keepaliveUntil });
}

function askedMoment({ until, seconds }: v.InferOutput<typeof Keepalive>, now: number): number {
  if (seconds !== undefined && until === undefined) return now + seconds * 1000;
  if (until === undefined || seconds !== undefined)
    throw invalid('until, seconds: give one of them, and only one.');
  const moment = momentOf(until);
  if (moment > now) return moment;
  throw invalid('until: is in the past. Give a moment that is still to come, or seconds from now.');
}
