import { SandboxdError } from '../src/domain/errors.ts';
import type { Clock } from '../src/domain/ids.ts';
import type { ProxyOptions } from '../src/domain/routing.ts';
import type { Answer, AnswerContext } from './answer.ts';
import type { Destination, Relay } from './exchange.ts';
import type { Limits } from './limits.ts';
import { Pool } from './pool.ts';
import { requestHead } from './request-head.ts';
import { consoleFields } from './response-fields.ts';
import { Meter } from './traffic.ts';

/** Everything that is no preview goes to the console and the API, on this machine. */
export function consoleDestination(path: string, limits: Limits, clock: Clock): Destination {
  return { pool: new Pool({ path }, limits), meter: new Meter(clock) };
}

/** The far end is ours: our cookies pass, and nothing is added to what it says. */
export function consoleRelay({ tls }: ProxyOptions, context: AnswerContext, limits: Limits): Relay {
  return {
    headMs: limits.consoleHeadMs,
    requestHead: (visit) => requestHead(visit, { tenant: false, tls }),
    responseFields: consoleFields,
    refuse: () => CONSOLE_DOWN,
    context,
    limits,
  };
}

const down = new SandboxdError(
  'unavailable',
  'The control plane does not answer. Try again in a few seconds.',
);

const CONSOLE_DOWN: Answer = {
  status: down.status,
  text: JSON.stringify(down.toEnvelope()),
  type: 'application/json',
  headers: { 'Retry-After': 2 },
  page: {
    title: 'The console is not there yet',
    text: 'It is starting, or has just been stopped. Previews work all the same.',
    progress: 'Looking again every few seconds',
    refresh: 2,
  },
};
