import type { Principal } from '../domain/identity.ts';
import type { Context } from 'hono';
import type { Ports } from '../domain/ports.ts';

/** What every handler finds in its context. */
export interface Env {
  Variables: {
    ports: Ports;
    /** Set by the `authenticated` middleware. */
    principal: Principal;
  };
}

export type AppContext = Context<Env>;
