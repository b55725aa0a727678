import type { Principal } from '../domain/identity.ts';
import type { Context } from 'hono';
import type { Ports } from '../domain/ports.ts';

/** What every handler finds in its context. */
export interface Env {
  Variables: {
    ports: Ports;
    /** Set by the `authenticated` middleware. */
    principal: Principal;
    /** Of this request, in every line that is logged of it and in its audit entry. */
    requestId: string;
    /** What the request is about, beside the route's parameters, for the audit log. Names, never values. */
    auditTarget?: Readonly<Record<string, string>>;
  };
}

export type AppContext = Context<Env>;
