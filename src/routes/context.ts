import type { Principal } from '../domain/identity.ts';
import type { Context } from 'hono';
import type { Ports } from '../domain/ports.ts';
import type { Peer } from './peer.ts';

/** What every handler finds in its context. */
export interface Env {
  Variables: {
    /** Names the request in logs, in its answer and in the audit log. */
    requestId: string;
    peer: Peer;
    /** Their logger writes the request's id in every line. */
    ports: Ports;
    /** Set by the `authenticated` middleware. */
    principal: Principal;
    /** What the request is about, beside the route's parameters, for the audit log. Names, never values. */
    auditTarget?: Readonly<Record<string, string>>;
  };
}

export type AppContext = Context<Env>;
